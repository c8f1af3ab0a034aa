// SPDX-License-Identifier: Apache-2.0
// One cell of an anchor-free detector's map: a score logit and the distances to the four sides of a box.
#pragma once

#include "finite.hpp"
#include "pixel.hpp"

namespace edge {

// Far beyond any picture, and small enough that a box made of it has finite sides.
constexpr float kFarthestPx = 1e9f;

EDGE_HD float sigmoid(float logit) { return static_cast<float>(1.0 / (1.0 + exp(-static_cast<double>(logit)))); }

// A logit that no cell with sigmoid(logit) >= min_score lies below, so that most cells need no exponential.
EDGE_HD float logit_floor(float min_score) {
  const double p = min_score;
  if (p <= 0.0) return -INFINITY;
  if (p >= 1.0) return 15.0f;
  return static_cast<float>(log(p / (1.0 - p)) - 1e-3);
}

// Left, top, right and bottom of a cell, in units of the stride. `Read` gives the value at an index of (5, cells).
struct Sides {
  float distance[4];
};

template <typename Read>
EDGE_HD Sides sides_of(const Read &read, int cells, int index) {
  return {{read(cells + index), read(2 * cells + index), read(3 * cells + index), read(4 * cells + index)}};
}

EDGE_HD bool sound_cell(float logit, const Sides &sides, float stride) {
  for (int side = 0; side < 4; ++side) {
    if (!(fabsf(sides.distance[side]) * stride < kFarthestPx)) return false;
  }
  return is_finite(logit);
}

EDGE_HD float at_least_zero(float value) { return value < 0.0f ? 0.0f : value; }

// xyxy in pixels of the network's input.
EDGE_HD void box_of_cell(int index, int width, float stride, const Sides &sides, float *box) {
  const float x = (static_cast<float>(index % width) + 0.5f) * stride;
  const float y = (static_cast<float>(index / width) + 0.5f) * stride;
  box[0] = x - at_least_zero(sides.distance[0]) * stride;
  box[1] = y - at_least_zero(sides.distance[1]) * stride;
  box[2] = x + at_least_zero(sides.distance[2]) * stride;
  box[3] = y + at_least_zero(sides.distance[3]) * stride;
}

}  // namespace edge
