// SPDX-License-Identifier: Apache-2.0
#include "separable.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace edge {
namespace {

constexpr double kStillPx = 1e-5;
constexpr float kUnit = -1.0f / (1 << (kLineBits + kColumnBits));  // weights of columns are negative
// The rows of a crop lie too far apart for the processor to guess which it needs next.
constexpr int kRowsAhead = 2;
constexpr float kLuma[3] = {0.114f, 0.587f, 0.299f};

}  // namespace

bool axis_aligned(const AffineMap &map, int width, int height) {
  return std::abs(map.xy) * height < kStillPx && std::abs(map.yx) * width < kStillPx;
}

// What one thread needs: the rows it reads and the line they add up to.
struct SeparableWarp::Scratch {
  RowReader reader;
  std::vector<const std::uint8_t *> pointers;
  AlignedBuffer<std::int16_t> line;
  std::vector<float> colour;  // three planes, where luma is made from colour
};

SeparableWarp::SeparableWarp(const Picture &picture, const AffineMap &map, const Tensor &tensor,
                             const Normalisation &norm)
    : picture_(picture),
      tensor_(tensor),
      norm_(norm),
      layout_(row_layout_of(picture)),
      x_(taps_along(map.xx, map.x0, tensor.width, picture.width)),
      y_(taps_along(map.yy, map.y0, tensor.height, picture.height)),
      rows_(row_table_from_taps(y_)) {
  const bool planar = layout_ == RowLayout::kPlanar;
  source_first_ = planar ? x_.source_first() & ~1 : x_.source_first();
  source_last_ = planar ? (x_.source_last() + 1) & ~1 : x_.source_last();
  columns_.build(x_, source_first_, layout_ == RowLayout::kInterleaved ? 3 : 1);
}

void SeparableWarp::write_rows(int first, int last, float *out) const {
  const int rows_at_once = std::max(1, y_.widest());
  Scratch scratch{RowReader(picture_, source_first_, source_last_, rows_at_once), {}, {}, {}};
  scratch.pointers.resize(static_cast<std::size_t>(rows_at_once));
  scratch.line.reset(static_cast<std::size_t>(scratch.reader.bytes() + columns_.reach()));
  if (tensor_.channels == 1) scratch.colour.resize(static_cast<std::size_t>(columns_.blocks()) * kBlock * 3);
  for (int y = first; y < last; ++y) {
    const bool empty = y < y_.inside.first || y >= y_.inside.last || x_.spans.empty();
    write_padding(tensor_, norm_, y, empty ? Interval{0, 0} : x_.inside, out);
    if (empty) continue;
    weigh(y, scratch);
    float *row = out + static_cast<std::size_t>(y) * tensor_.width + x_.inside.first;
    if (layout_ != RowLayout::kGrey && tensor_.channels == 1) {
      write_luma(row, scratch);
    } else {
      write_channels(row, scratch);
    }
  }
}

void SeparableWarp::weigh(int y, Scratch &scratch) const {
  const RowTaps &row = rows_.rows[static_cast<std::size_t>(y - y_.inside.first)];
  if (y + kRowsAhead < y_.inside.last) {
    const RowTaps &later = (&row)[kRowsAhead];
    for (int t = 0; t < later.count; ++t) scratch.reader.ask_for(later.start + t);
  }
  const std::uint8_t **rows = scratch.pointers.data();
  for (int t = 0; t < row.count; ++t) rows[t] = scratch.reader.row(row.start + t);
  std::int16_t *line = scratch.line.data();
  const int bytes = scratch.reader.bytes();
  if (row.equal) {
    kernels().sum_rows(rows, row.count, row.shift, row.weight, line, bytes);
  } else {
    kernels().blend_rows(rows, rows_.weights.data() + row.offset, row.count, row.bias, line, bytes);
  }
}

void SeparableWarp::reduce(const std::int16_t *line, int first, int last, const Planes &planes) const {
  if (layout_ == RowLayout::kInterleaved) {
    kernels().reduce_colour(line, columns_.taps(), first, last, planes);
    return;
  }
  const int plane = layout_ == RowLayout::kGrey ? 0 : source_last_ - source_first_;
  for (int c = 0; c < 3 && planes.out[c] != nullptr; ++c) {
    kernels().reduce_grey(line + c * plane, columns_.taps(), first, last, planes.out[c], planes.scale[c],
                          planes.bias[c]);
  }
}

// Kernels write whole blocks: the last, incomplete one goes through a block of its own.
void SeparableWarp::write_channels(float *row, const Scratch &scratch) const {
  const std::size_t plane = static_cast<std::size_t>(tensor_.height) * tensor_.width;
  Planes planes{};
  for (int c = 0; c < tensor_.channels; ++c) {
    const bool swapped = layout_ != RowLayout::kGrey && norm_.rgb;
    const int to = swapped ? 2 - c : c;
    planes.out[c] = row + to * plane;
    planes.scale[c] = kUnit / norm_.std[to];
    planes.bias[c] = -norm_.mean[to] / norm_.std[to];
  }
  const std::int16_t *line = scratch.line.data();
  const int outputs = x_.inside.last - x_.inside.first, whole = outputs / kBlock, rest = outputs % kBlock;
  reduce(line, 0, whole, planes);
  if (rest == 0) return;
  float last[kMaxChannels][kBlock];
  Planes end = planes;
  for (int c = 0; c < tensor_.channels; ++c) end.out[c] = last[c];
  reduce(line, whole, whole + 1, end);
  for (int c = 0; c < tensor_.channels; ++c) std::copy_n(last[c], rest, planes.out[c] + whole * kBlock);
}

void SeparableWarp::write_luma(float *row, Scratch &scratch) const {
  const int padded = columns_.blocks() * kBlock;
  float *blue = scratch.colour.data();
  Planes planes{};
  for (int c = 0; c < 3; ++c) {
    planes.out[c] = blue + c * padded;
    planes.scale[c] = kUnit * kLuma[c] / norm_.std[0];
  }
  planes.bias[0] = -norm_.mean[0] / norm_.std[0];
  reduce(scratch.line.data(), 0, columns_.blocks(), planes);
  for (int x = 0; x < x_.inside.last - x_.inside.first; ++x) row[x] = blue[x] + blue[padded + x] + blue[2 * padded + x];
}

}  // namespace edge
