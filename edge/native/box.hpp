// SPDX-License-Identifier: Apache-2.0
// The warp for maps that shrink to a half or a quarter, in step with the pixels: every output is the mean of a square.
#pragma once

#include "warp.hpp"

namespace edge {

// One picture of the tensor; results are exact. Its cases are common: 640 and 1280 columns to a network's 320.
class BoxWarp {
 public:
  static bool fits(const Picture &picture, const AffineMap &map, const Tensor &tensor);

  // The map must fit.
  BoxWarp(const Picture &picture, const AffineMap &map, const Tensor &tensor, const Normalisation &norm);

  // Writes output rows [first, last) of the planes that begin at `out`; threads may call this at the same time.
  void write_rows(int first, int last, float *out) const;

 private:
  void write_squares(int y, float *out) const;

  const Picture &picture_;
  const Tensor &tensor_;
  const Normalisation &norm_;
  int side_;
  int left_;  // source pixel where output column 0 would begin, which may lie outside
  int top_;
  Interval x_;
  Interval y_;
};

}  // namespace edge
