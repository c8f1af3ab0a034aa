// SPDX-License-Identifier: Apache-2.0
// Rows of a picture of any format as bytes that the kernels can read.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.hpp"
#include "pixel.hpp"

namespace edge {

enum class RowLayout { kGrey, kInterleaved, kPlanar };  // planar: all blue, then all green, then all red

RowLayout row_layout_of(const Picture &picture);

// Columns [first, last) of the rows of a picture: where they lie if they are packed, else from a small ring of copies.
class RowReader {
 public:
  // `rows_at_once` rows stay readable together. For YUV the columns grow to whole pairs, see first().
  RowReader(const Picture &picture, int first, int last, int rows_at_once);

  const std::uint8_t *row(int y);
  // Asks memory for row y, which lies inside, so that it is there when it is read.
  void ask_for(int y) const;
  int first() const { return first_; }
  int bytes() const { return bytes_; }

 private:
  bool packed() const;
  void copy(int y, std::uint8_t *to);
  void convert(int y, std::uint8_t *to);

  const Picture &picture_;
  RowLayout layout_;
  int first_;
  int last_;
  int bytes_;
  bool packed_;
  std::vector<int> held_;
  std::vector<std::uint8_t> ring_;
  std::vector<std::uint8_t> yuv_;  // luma, u, v and interleaved chroma of one row
};

// Pixels of the rectangle [x0, x1) x [y0, y1), which lies inside, as interleaved BGR with the given bytes a row.
void copy_bgr(const Picture &picture, int x0, int y0, int x1, int y1, std::uint8_t *to, std::int64_t row_bytes);

}  // namespace edge
