// SPDX-License-Identifier: Apache-2.0
// Kernels for AVX2 that wider instruction sets share.
#pragma once

#include "kernels.hpp"

namespace edge {
namespace avx2 {

void sample_colour(const PackedPicture &picture, const SampleGrid &grid, const std::int32_t *x, const std::int32_t *y,
                   int count, float *const bgr[3]);
void planes_from_yuv(const std::uint8_t *luma, const std::uint8_t *u, const std::uint8_t *v, int pairs,
                     std::uint8_t *const bgr[3]);

}  // namespace avx2
}  // namespace edge
