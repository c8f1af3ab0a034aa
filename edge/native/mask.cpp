// SPDX-License-Identifier: Apache-2.0
#include "mask.hpp"

#include <algorithm>
#include <cmath>

namespace edge {
namespace {

// Between which two cells a pixel's centre lies, and the weight of the second.
struct Between {
  int low;
  int high;
  float weight;
};

Between between(const GridAxis &axis, int pixel) {
  const double last = axis.cells - 1;
  const double place = std::clamp((pixel + 0.5 - axis.origin) / axis.scale - 0.5, 0.0, last);
  const int low = static_cast<int>(place);
  return {low, std::min(low + 1, axis.cells - 1), static_cast<float>(place - low)};
}

}  // namespace

Span covered(const GridAxis &axis, int length_px) {
  const double first = std::ceil(axis.origin - 0.5);
  const double last = std::ceil(axis.origin + axis.scale * axis.cells - 0.5);
  const double length = length_px;
  const int begin = static_cast<int>(std::clamp(first, 0.0, length));
  return {begin, std::max(begin, static_cast<int>(std::clamp(last, 0.0, length)))};
}

std::vector<std::uint8_t> mask_in_picture(const float *logits, const GridAxis &x, const GridAxis &y, Span columns,
                                          Span rows) {
  const int width = columns.last - columns.first, cells = x.cells;
  std::vector<Between> places;
  for (int column = columns.first; column < columns.last; ++column) places.push_back(between(x, column));
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(width) * static_cast<std::size_t>(rows.last - rows.first));
  std::vector<float> line(static_cast<std::size_t>(cells));
  std::uint8_t *out = mask.data();
  for (int row = rows.first; row < rows.last; ++row, out += width) {
    const Between own = between(y, row);
    const float *low = logits + static_cast<std::ptrdiff_t>(own.low) * cells;
    const float *high = logits + static_cast<std::ptrdiff_t>(own.high) * cells;
    for (int cell = 0; cell < cells; ++cell) line[cell] = low[cell] + own.weight * (high[cell] - low[cell]);
    for (int column = 0; column < width; ++column) {
      const Between &place = places[column];
      out[column] = line[place.low] + place.weight * (line[place.high] - line[place.low]) >= 0.0F;
    }
  }
  return mask;
}

}  // namespace edge
