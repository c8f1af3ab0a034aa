// SPDX-License-Identifier: Apache-2.0
// What kernels and twins ask of their parameters alike.
#pragma once

#include "../crop.hpp"
#include "../finite.hpp"
#include "parameters.hpp"

namespace edge {

// How many of `rows` rows are to be worked on.
EDGE_HD int rows_to_do(const int *count, int rows) { return count == nullptr ? rows : clamp_int(*count, 0, rows); }

EDGE_HD AffineMap map_from_values(const double *m) { return {m[0], m[1], m[2], m[3], m[4], m[5]}; }

EDGE_HD AffineMap map_from_values(const float *m) { return {m[0], m[1], m[2], m[3], m[4], m[5]}; }

// The map of crop n; false when its box cannot be used and the map is that of (0, 0, 0, 0).
EDGE_HD bool crop_map(const WarpCrops &task, int n, AffineMap *map) {
  const float *box = task.boxes + 4 * n;
  *map = square_crop(box, task.margin, task.out.width);
  bool usable = map->xx <= kMostShrinkage;
  for (int i = 0; i < 4; ++i) usable = usable && fabsf(box[i]) < kFarthestBoxPx;
  const float nothing[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  if (!usable) *map = square_crop(nothing, task.margin, task.out.width);
  return usable;
}

}  // namespace edge
