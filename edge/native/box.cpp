// SPDX-License-Identifier: Apache-2.0
#include "box.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels.hpp"

namespace edge {
namespace {

constexpr double kStill = 1e-7;  // what a map may be off, in pixels over a whole tensor, and still be in step

bool whole(double value, double tolerance) { return std::abs(value - std::round(value)) < tolerance; }

bool covers(const Interval &outputs, double scale, double origin, int source_length) {
  return scale * outputs.first + origin > -kStill && scale * outputs.last + origin < source_length + kStill;
}

}  // namespace

bool BoxWarp::fits(const Picture &picture, const AffineMap &map, const Tensor &tensor) {
  const bool packed = picture.format == kBgr && picture.column_stride == 3 && picture.channel_stride == 1;
  const bool side = map.xx == map.yy && (map.xx == 2.0 || map.xx == 4.0) && map.xy == 0.0 && map.yx == 0.0;
  if (!packed || !side || tensor.channels != 3 || !whole(map.x0, kStill) || !whole(map.y0, kStill)) return false;
  const Interval x = inside_along(map.xx, map.x0, tensor.width, picture.width);
  const Interval y = inside_along(map.yy, map.y0, tensor.height, picture.height);
  return x.last - x.first >= kBlock && covers(x, map.xx, map.x0, picture.width) &&
         covers(y, map.yy, map.y0, picture.height);
}

BoxWarp::BoxWarp(const Picture &picture, const AffineMap &map, const Tensor &tensor, const Normalisation &norm)
    : picture_(picture),
      tensor_(tensor),
      norm_(norm),
      side_(static_cast<int>(map.xx)),
      left_(static_cast<int>(std::lround(map.x0))),
      top_(static_cast<int>(std::lround(map.y0))),
      x_(inside_along(map.xx, map.x0, tensor.width, picture.width)),
      y_(inside_along(map.yy, map.y0, tensor.height, picture.height)) {}

void BoxWarp::write_rows(int first, int last, float *out) const {
  for (int y = first; y < last; ++y) {
    const bool empty = y < y_.first || y >= y_.last;
    write_padding(tensor_, norm_, y, empty ? Interval{0, 0} : x_, out);
    if (!empty) write_squares(y, out);
  }
}

// Kernels write whole blocks: an incomplete last one is written as the block that ends where it ends.
void BoxWarp::write_squares(int y, float *out) const {
  const std::size_t plane = static_cast<std::size_t>(tensor_.height) * tensor_.width;
  float *row = out + static_cast<std::size_t>(y) * tensor_.width;
  const auto write_blocks = [&](int x, int blocks) {
    const std::uint8_t *rows[4];
    for (int t = 0; t < side_; ++t) {
      rows[t] = picture_.pixels + (y * side_ + top_ + t) * picture_.row_stride + (x * side_ + left_) * 3;
    }
    Planes planes;
    for (int c = 0; c < 3; ++c) {
      const int to = norm_.rgb ? 2 - c : c;
      planes.out[c] = row + to * plane + x;
      planes.scale[c] = 1.0f / (static_cast<float>(side_ * side_) * norm_.std[to]);
      planes.bias[c] = -norm_.mean[to] / norm_.std[to];
    }
    kernels().box_colour(rows, side_, blocks, side_ * picture_.row_stride, planes);
  };
  const int blocks = (x_.last - x_.first) / kBlock;
  write_blocks(x_.first, blocks);
  if (x_.first + blocks * kBlock != x_.last) write_blocks(x_.last - kBlock, 1);
}

}  // namespace edge
