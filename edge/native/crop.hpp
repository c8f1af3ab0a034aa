// SPDX-License-Identifier: Apache-2.0
// The square about a box, as a map from the crop to the picture.
#pragma once

#include "pixel.hpp"

namespace edge {

// The side is the box's longer one, 1 px at least, grown by `margin` of itself on both ends; the crop has `side_px`.
EDGE_HD AffineMap square_crop(const float *box, double margin, int side_px) {
  const double x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3];
  const double longer = x2 - x1 > y2 - y1 ? x2 - x1 : y2 - y1;
  const double side = (longer > 1.0 ? longer : 1.0) * (1.0 + 2.0 * margin);
  const double scale = side / side_px;
  return {scale, 0.0, (x1 + x2 - side) / 2.0, 0.0, scale, (y1 + y2 - side) / 2.0};
}

}  // namespace edge
