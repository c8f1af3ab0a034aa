// SPDX-License-Identifier: Apache-2.0
#include "kernels_plain.hpp"

namespace edge {
namespace {

void planes_from_yuv(const std::uint8_t *luma, const std::uint8_t *u, const std::uint8_t *v, int pairs,
                     std::uint8_t *const bgr[3]) {
  plain::planes_from_yuv(luma, u, v, 0, pairs, bgr);
}

}  // namespace

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = {"portable",         plain::blend_rows, plain::sum_rows,      plain::reduce_colour,
                                  plain::reduce_grey, plain::box_colour, plain::sample_colour, planes_from_yuv};

}  // namespace edge
