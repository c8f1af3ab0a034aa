// SPDX-License-Identifier: Apache-2.0
// From the logits that a network gives for the parts of a crop to the pixels of the picture that are a hand's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edge {

// One axis of a grid of logits: cell i covers origin + scale * i to origin + scale * (i + 1) in the picture; scale > 0.
struct GridAxis {
  int cells;
  double scale;
  double origin;
};

// The pixels [first, last) of a picture's axis whose centres the grid covers.
struct Span {
  int first;
  int last;
};

Span covered(const GridAxis &axis, int length_px);

// Pixels of the rectangle `columns` x `rows`, row by row: 1 where the logit interpolated at the pixel's centre is 0 or
// more. Beyond the middles of the outermost cells their logits hold.
std::vector<std::uint8_t> mask_in_picture(const float *logits, const GridAxis &x, const GridAxis &y, Span columns,
                                          Span rows);

}  // namespace edge
