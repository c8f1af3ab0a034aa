// SPDX-License-Identifier: Apache-2.0
// The warp for axis-aligned maps: rows are weighed into one line, the line's columns into the planes.
#pragma once

#include "aligned.hpp"
#include "rows.hpp"
#include "taps.hpp"
#include "warp.hpp"

namespace edge {

// Whether the oblique terms move no pixel of a width x height output by anything that matters.
bool axis_aligned(const AffineMap &map, int width, int height);

// One picture of the tensor. Results lie within 0.1 of 255 of the definition in pixel.hpp: fixed point (kernels.hpp).
class SeparableWarp {
 public:
  SeparableWarp(const Picture &picture, const AffineMap &map, const Tensor &tensor, const Normalisation &norm);

  // Writes output rows [first, last) of the planes that begin at `out`; threads may call this at the same time.
  void write_rows(int first, int last, float *out) const;

 private:
  struct Scratch;

  void weigh(int y, Scratch &scratch) const;
  void reduce(const std::int16_t *line, int first, int last, const Planes &planes) const;
  void write_channels(float *row, const Scratch &scratch) const;
  void write_luma(float *row, Scratch &scratch) const;

  const Picture &picture_;
  const Tensor &tensor_;
  const Normalisation &norm_;
  RowLayout layout_;
  AxisTaps x_;
  AxisTaps y_;
  RowTable rows_;
  ColumnTable columns_;
  int source_first_ = 0;
  int source_last_ = 0;
};

}  // namespace edge
