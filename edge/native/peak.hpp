// SPDX-License-Identifier: Apache-2.0
// The place of the largest value of a heat map.
#pragma once

#include "pixel.hpp"

namespace edge {

struct HeatShape {
  int height;
  int width;
  int reach;  // cells on every side of the largest that count for its place
};

// Sums over the cells near a peak, and the peak itself.
struct Moments {
  double weight, x, y;
};

// What cell (x, y) with this value adds.
EDGE_HD void add_cell(Moments &moments, int x, int y, float value) {
  const double weight = value > 0.0f ? value : 0.0f;
  moments.weight += weight;
  moments.x += weight * (x + 0.5);
  moments.y += weight * (y + 0.5);
}

// The cells near a peak along one axis.
EDGE_HD Interval near_peak(int peak, int reach, int length) {
  return {peak > reach ? peak - reach : 0, peak < length - 1 - reach ? peak + reach + 1 : length};
}

// The mean place, or the peak's centre where nothing near it has a weight; x, y in the picture and the score.
EDGE_HD void place_peak(const Moments &moments, int peak, float most, const HeatShape &shape, double px_a_cell_x,
                        double px_a_cell_y, const AffineMap &map, float *keypoint) {
  const bool weighty = moments.weight > 0.0;
  const double x = (weighty ? moments.x / moments.weight : peak % shape.width + 0.5) * px_a_cell_x;
  const double y = (weighty ? moments.y / moments.weight : peak / shape.width + 0.5) * px_a_cell_y;
  keypoint[0] = static_cast<float>(map.xx * x + map.xy * y + map.x0);
  keypoint[1] = static_cast<float>(map.yx * x + map.yy * y + map.y0);
  keypoint[2] = most;
}

}  // namespace edge
