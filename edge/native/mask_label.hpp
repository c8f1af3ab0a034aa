// SPDX-License-Identifier: Apache-2.0
// The label of one pixel of a mask that is finer than the logits it is made of.
#pragma once

#include "pixel.hpp"

namespace edge {

struct MaskShape {
  int classes;
  int height;
  int width;
};

// The class whose logit is the largest at (x, y), in cells from the border of the logits; with one class, 1 where its
// logit is above 0. Outside it is 0. `Read` gives the value at an index of (classes, height, width).
template <typename Read>
EDGE_HD int label_at(const Read &read, const MaskShape &shape, float x, float y) {
  if (!(x >= 0.0f && x < shape.width && y >= 0.0f && y < shape.height)) return 0;
  const float left = x > 0.5f ? x - 0.5f : 0.0f, top = y > 0.5f ? y - 0.5f : 0.0f;
  const int x0 = static_cast<int>(left), y0 = static_cast<int>(top);
  const int x1 = x0 + 1 < shape.width ? x0 + 1 : x0, y1 = y0 + 1 < shape.height ? y0 + 1 : y0;
  const float fx = left - static_cast<float>(x0), fy = top - static_cast<float>(y0);
  int best = 0;
  float most = 0.0f;
  for (int c = 0; c < shape.classes; ++c) {
    const int plane = c * shape.height;
    const float a = read((plane + y0) * shape.width + x0), b = read((plane + y0) * shape.width + x1);
    const float d = read((plane + y1) * shape.width + x0), e = read((plane + y1) * shape.width + x1);
    const float upper = a + (b - a) * fx, lower = d + (e - d) * fx, value = upper + (lower - upper) * fy;
    if (c == 0 || value > most) {
      best = c;
      most = value;
    }
  }
  return shape.classes == 1 ? (most > 0.0f ? 1 : 0) : best;
}

}  // namespace edge
