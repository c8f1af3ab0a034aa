// SPDX-License-Identifier: Apache-2.0
#include "kernels_plain.hpp"

namespace edge {
namespace {

void blend_rows(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
                int count) {
  plain::blend_rows(rows, weights, taps, bias, line, 0, count);
}

void sum_rows(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int count) {
  plain::sum_rows(rows, taps, shift, weight, line, 0, count);
}

}  // namespace

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = {"portable",         blend_rows,           sum_rows,
                                  plain::reduce_colour, plain::reduce_grey, plain::sample_colour,
                                  plain::planes_from_yuv};

}  // namespace edge
