// SPDX-License-Identifier: Apache-2.0
#include "rows.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "aligned.hpp"

namespace edge {
namespace {

void gather(const std::uint8_t *from, std::int64_t stride, int count, std::uint8_t *to) {
  for (int i = 0; i < count; ++i) to[i] = from[i * stride];
}

// Even bytes to one place and odd ones to another.
void split(const std::uint8_t *from, int pairs, std::uint8_t *even, std::uint8_t *odd) {
  for (int i = 0; i < pairs; ++i) {
    even[i] = from[2 * i];
    odd[i] = from[2 * i + 1];
  }
}

struct YuvRow {
  const std::uint8_t *luma;
  const std::uint8_t *u;
  const std::uint8_t *v;
  std::int64_t luma_stride;
  std::int64_t chroma_stride;
};

YuvRow yuv_row(const Picture &p, int x, int y) {
  const std::uint8_t *row = p.pixels + y * p.row_stride + x * p.column_stride;
  if (p.format == kNv12) {
    const std::uint8_t *uv = p.chroma + (y / 2) * p.row_stride + x * p.column_stride;
    return {row, uv, uv + p.column_stride, p.column_stride, 2 * p.column_stride};
  }
  const std::uint8_t *u = row + p.channel_stride;
  return {row, u, u + p.column_stride, p.column_stride, 2 * p.column_stride};
}

}  // namespace

RowLayout row_layout_of(const Picture &picture) {
  if (picture.format == kGray) return RowLayout::kGrey;
  return picture.format == kBgr ? RowLayout::kInterleaved : RowLayout::kPlanar;
}

RowReader::RowReader(const Picture &picture, int first, int last, int rows_at_once)
    : picture_(picture), layout_(row_layout_of(picture)), first_(first), last_(last), packed_(packed()) {
  if (layout_ == RowLayout::kPlanar) {
    first_ &= ~1;
    last_ = (last_ + 1) & ~1;
  }
  const int columns = last_ - first_;
  bytes_ = columns * (layout_ == RowLayout::kGrey ? 1 : 3);
  if (packed_) return;
  held_.assign(static_cast<std::size_t>(rows_at_once), -1);
  ring_.resize(static_cast<std::size_t>(rows_at_once) * bytes_);
  if (layout_ == RowLayout::kPlanar) yuv_.resize(static_cast<std::size_t>(columns) * 3);
}

bool RowReader::packed() const {
  if (layout_ == RowLayout::kGrey) return picture_.column_stride == 1;
  return layout_ == RowLayout::kInterleaved && picture_.column_stride == 3 && picture_.channel_stride == 1;
}

const std::uint8_t *RowReader::row(int y) {
  if (packed_) return picture_.pixels + y * picture_.row_stride + first_ * picture_.column_stride;
  const std::size_t slot = static_cast<std::size_t>(y) % held_.size();
  std::uint8_t *to = ring_.data() + slot * bytes_;
  if (held_[slot] != y) {
    layout_ == RowLayout::kPlanar ? convert(y, to) : copy(y, to);
    held_[slot] = y;
  }
  return to;
}

void RowReader::ask_for(int y) const {
  if (!packed_) return;
  const std::uint8_t *from = picture_.pixels + y * picture_.row_stride + first_ * picture_.column_stride;
  for (int i = 0; i < bytes_; i += static_cast<int>(kCacheLine)) __builtin_prefetch(from + i);
}

void RowReader::copy(int y, std::uint8_t *to) {
  const std::uint8_t *from = picture_.pixels + y * picture_.row_stride + first_ * picture_.column_stride;
  const int columns = last_ - first_;
  if (layout_ == RowLayout::kGrey) return gather(from, picture_.column_stride, columns, to);
  for (int x = 0; x < columns; ++x, from += picture_.column_stride, to += 3) {
    for (int c = 0; c < 3; ++c) to[c] = from[c * picture_.channel_stride];
  }
}

void RowReader::convert(int y, std::uint8_t *to) {
  const YuvRow from = yuv_row(picture_, first_, y);
  const int columns = last_ - first_, pairs = columns / 2;
  std::uint8_t *copy = yuv_.data(), *u = copy + columns, *v = u + pairs, *chroma = v + pairs;
  const std::uint8_t *luma = from.luma_stride == 1 ? from.luma : copy;
  if (from.luma_stride == 1) {
    split(from.u, pairs, u, v);
  } else if (from.luma_stride == 2 && from.u == from.luma + 1) {
    split(from.luma, columns, copy, chroma);
    split(chroma, pairs, u, v);
  } else {
    gather(from.luma, from.luma_stride, columns, copy);
    gather(from.u, from.chroma_stride, pairs, u);
    gather(from.v, from.chroma_stride, pairs, v);
  }
  std::uint8_t *const bgr[3] = {to, to + columns, to + 2 * columns};
  kernels().planes_from_yuv(luma, u, v, pairs, bgr);
}

void copy_bgr(const Picture &picture, int x0, int y0, int x1, int y1, std::uint8_t *to, std::int64_t row_bytes) {
  RowReader reader(picture, x0, x1, 1);
  const int skipped = x0 - reader.first(), columns = x1 - x0;
  const RowLayout layout = row_layout_of(picture);
  const int plane = reader.bytes() / 3;
  for (int y = y0; y < y1; ++y, to += row_bytes) {
    const std::uint8_t *row = reader.row(y) + skipped;
    if (layout == RowLayout::kInterleaved) {
      std::memcpy(to, row, static_cast<std::size_t>(columns) * 3);
      continue;
    }
    for (int x = 0; x < columns; ++x) {
      for (int c = 0; c < 3; ++c) to[3 * x + c] = row[x + (layout == RowLayout::kGrey ? 0 : c * plane)];
    }
  }
}

}  // namespace edge
