// SPDX-License-Identifier: Apache-2.0
// How much two boxes share, xyxy. Doubles hold every product of two float differences that matters here, so equal boxes
// compare exactly as 1.
#pragma once

#include "pixel.hpp"

namespace edge {

EDGE_HD double area_of(const float *box) {
  return (static_cast<double>(box[2]) - box[0]) * (static_cast<double>(box[3]) - box[1]);
}

// 0 for boxes that only touch.
EDGE_HD double shared_area(const float *a, const float *b) {
  const double width = static_cast<double>(a[2] < b[2] ? a[2] : b[2]) - (a[0] > b[0] ? a[0] : b[0]);
  const double height = static_cast<double>(a[3] < b[3] ? a[3] : b[3]) - (a[1] > b[1] ? a[1] : b[1]);
  return width <= 0.0 || height <= 0.0 ? 0.0 : width * height;
}

EDGE_HD double intersection_over_union(const float *a, const float *b) {
  const double shared = shared_area(a, b);
  return shared == 0.0 ? 0.0 : shared / (area_of(a) + area_of(b) - shared);
}

// Whether the boxes share more than `share` of the smaller one.
EDGE_HD bool same_thing(const float *a, const float *b, double share) {
  const double shared = shared_area(a, b), area_a = area_of(a), area_b = area_of(b);
  return shared > 0.0 && shared > share * (area_a < area_b ? area_a : area_b);
}

}  // namespace edge
