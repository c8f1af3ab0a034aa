// SPDX-License-Identifier: Apache-2.0
// The weights that one axis of an axis-aligned warp gives to the pixels of the source.
#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "kernels.hpp"
#include "pixel.hpp"

namespace edge {

// Consecutive source pixels and where their weights, which add up to 1, begin.
struct Span {
  int start;
  int count;
  int offset;
};

// `inside` are the outputs with their centres inside the source; `spans` has one entry for each of them.
struct AxisTaps {
  Interval inside;
  std::vector<Span> spans;
  std::vector<double> weights;

  int source_first() const;
  int source_last() const;
  int widest() const;
};

// Output coordinate o lies at scale * o + origin in the source. Sampling: pixel.hpp.
AxisTaps taps_along(double scale, double origin, int output_length, int source_length);

// One output row as blend_rows or sum_rows wants it.
struct RowTaps {
  int start;
  int count;
  int offset;  // into RowTable::weights
  int bias;
  bool equal;  // then shift and weight replace the list of weights
  int shift;
  int weight;
};

struct RowTable {
  std::vector<RowTaps> rows;
  std::vector<std::uint32_t> weights;
};

RowTable row_table_from_taps(const AxisTaps &taps);

// The columns of a line that begins at source pixel `source_first`; `channels` is 3 (interleaved) or 1.
class ColumnTable {
 public:
  void build(const AxisTaps &taps, int source_first, int channels);
  const ColumnTaps &taps() const { return taps_; }
  int blocks() const { return blocks_; }
  int reach() const { return reach_; }  // line elements that may be read past an output's first

 private:
  void place(int output, const int *weights, int count, int channels);

  AlignedBuffer<std::int32_t> start_;
  AlignedBuffer<std::int16_t> weights_;
  ColumnTaps taps_{};
  int blocks_ = 0;
  int reach_ = 0;
};

}  // namespace edge
