// SPDX-License-Identifier: Apache-2.0
// Where a box of the network's input lies in the picture.
#pragma once

#include "pixel.hpp"

namespace edge {

// Where the network's input lies in the picture it was made of.
struct Placement {
  AffineMap picture_from_input;
  int width;
  int height;
};

EDGE_HD float cut(double position, int length) {
  return static_cast<float>(position < 0.0 ? 0.0 : (position > length ? length : position));
}

// What a * [low, high] + b * [other_low, other_high] + origin covers of [0, length].
EDGE_HD void cover(double a, double low, double high, double b, double other_low, double other_high, double origin,
                   int length, float *covered_low, float *covered_high) {
  const bool turned = a * low > a * high, other_turned = b * other_low > b * other_high;
  const double least = a * (turned ? high : low) + b * (other_turned ? other_high : other_low) + origin;
  const double most = a * (turned ? low : high) + b * (other_turned ? other_low : other_high) + origin;
  *covered_low = cut(least, length);
  *covered_high = cut(most, length);
}

// The upright box about the moved corners of `box`, cut at the picture's border; false when it has no area.
EDGE_HD bool place_box(const Placement &placement, const float *box, float *placed) {
  const AffineMap &map = placement.picture_from_input;
  cover(map.xx, box[0], box[2], map.xy, box[1], box[3], map.x0, placement.width, placed, placed + 2);
  cover(map.yy, box[1], box[3], map.yx, box[0], box[2], map.y0, placement.height, placed + 1, placed + 3);
  return placed[2] > placed[0] && placed[3] > placed[1];
}

}  // namespace edge
