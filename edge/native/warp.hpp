// SPDX-License-Identifier: Apache-2.0
// Warp a picture by affine maps and normalise it into planar float32, straight into the network's input.
#pragma once

#include <cstddef>

#include "pixel.hpp"

namespace edge {

constexpr int kMaxChannels = 3;

// (count, channels, height, width) float32, C-contiguous; written completely.
struct Tensor {
  float *values;
  int count;
  int channels;  // 1 or 3
  int height;
  int width;
};

// out = (value - mean) / std; `pad` is the value outside the picture; all in units of 0..255, in output channel order.
struct Normalisation {
  float mean[kMaxChannels];
  float std[kMaxChannels];
  float pad[kMaxChannels];
  bool rgb;
};

// Fills what lies left and right of `inside` in row y of the planes that begin at `out`.
void write_padding(const Tensor &tensor, const Normalisation &normalisation, int y, Interval inside, float *out);

// One map for each picture of the tensor; `threads` workers share the rows. Contract of the values: pixel.hpp.
void warp_normalise(const Picture &picture, const AffineMap *maps, const Tensor &tensor,
                    const Normalisation &normalisation, int threads);

}  // namespace edge
