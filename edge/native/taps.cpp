// SPDX-License-Identifier: Apache-2.0
#include "taps.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "pixel.hpp"

namespace edge {
namespace {

constexpr double kNoise = 1e-6;  // rounding in positions and weights that is not worth a tap
constexpr int kMostEqualRows = 128;

// Adds the bilinear taps of one sample to weights of the span that starts at `start`.
void add_sample(double position, double share, int start, int source_length, std::vector<double> &weights) {
  int index = static_cast<int>(position);
  double fraction = position - index;
  if (fraction > 1.0 - kNoise) {
    index = std::min(index + 1, source_length - 1);
    fraction = 0.0;
  }
  if (fraction < kNoise) fraction = 0.0;
  const std::size_t needed = static_cast<std::size_t>(index - start) + (fraction > 0.0 ? 2 : 1);
  if (weights.size() < needed) weights.resize(needed, 0.0);
  weights[static_cast<std::size_t>(index - start)] += share * (1.0 - fraction);
  if (fraction > 0.0) weights[static_cast<std::size_t>(index - start) + 1] += share * fraction;
}

// Whole numbers near weights * one that add up to exactly `one`; what rounding left goes to the largest.
std::vector<int> quantised(const double *weights, int count, int one) {
  std::vector<int> out(static_cast<std::size_t>(count));
  int left = one;
  for (int i = 0; i < count; ++i) {
    out[static_cast<std::size_t>(i)] = static_cast<int>(std::lround(weights[i] * one));
    left -= out[static_cast<std::size_t>(i)];
  }
  *std::max_element(out.begin(), out.end()) += left;
  return out;
}

bool all_equal(const double *weights, int count) {
  return std::all_of(weights, weights + count, [&](double w) { return std::abs(w * count - 1.0) < kNoise; });
}

}  // namespace

int AxisTaps::source_first() const {
  int first = spans.empty() ? 0 : spans.front().start;
  for (const Span &span : spans) first = std::min(first, span.start);
  return first;
}

int AxisTaps::source_last() const {
  int last = 0;
  for (const Span &span : spans) last = std::max(last, span.start + span.count);
  return last;
}

int AxisTaps::widest() const {
  int widest = 0;
  for (const Span &span : spans) widest = std::max(widest, span.count);
  return widest;
}

AxisTaps taps_along(double scale, double origin, int output_length, int source_length) {
  const int samples = samples_along(scale, 0.0);
  const auto centre_inside = [&](int o) {
    const double centre = scale * (o + 0.5) + origin;
    return centre >= 0.0 && centre < source_length;
  };
  AxisTaps taps;
  while (taps.first < output_length && !centre_inside(taps.first)) ++taps.first;
  taps.last = taps.first;
  while (taps.last < output_length && centre_inside(taps.last)) ++taps.last;
  std::vector<double> weights;
  for (int o = taps.first; o < taps.last; ++o) {
    const auto position = [&](int i) {
      return clamp_position(scale * (o + (i + 0.5) / samples) + origin - 0.5, source_length);
    };
    const int start = static_cast<int>(std::min(position(0), position(samples - 1)));
    weights.clear();
    for (int i = 0; i < samples; ++i) add_sample(position(i), 1.0 / samples, start, source_length, weights);
    const auto zero = [](double w) { return w <= 0.0; };
    const auto lead = std::find_if_not(weights.begin(), weights.end(), zero) - weights.begin();
    taps.spans.push_back({start + static_cast<int>(lead), static_cast<int>(weights.size()) - static_cast<int>(lead),
                          static_cast<int>(taps.weights.size())});
    taps.weights.insert(taps.weights.end(), weights.begin() + lead, weights.end());
  }
  return taps;
}

RowTable row_table_from_taps(const AxisTaps &taps) {
  RowTable table;
  for (const Span &span : taps.spans) {
    const double *weights = taps.weights.data() + span.offset;
    RowTaps row{span.start, span.count, static_cast<int>(table.weights.size()), 0, false, 0, 0};
    row.equal = span.count <= kMostEqualRows && all_equal(weights, span.count);
    if (row.equal) {
      while (span.count << (row.shift + 1) <= 256) ++row.shift;
      row.weight = static_cast<int>(std::lround(65536.0 * (1 << kLineBits) / (span.count << row.shift)));
    }
    int truncated = 0;
    for (const int weight : quantised(weights, span.count, 65536)) {
      const auto bits = static_cast<std::uint32_t>(std::min(weight, 65535));
      truncated += bits % 256 != 0;
      table.weights.push_back(bits | bits << 16);
    }
    row.bias = truncated / 2;
    table.rows.push_back(row);
  }
  return table;
}

void ColumnTable::place(int output, const std::vector<int> &weights, int channels) {
  const int in_block = output % kBlock;
  const int lane = (in_block % 4) * 4 + in_block / 4;
  const int per_step = channels == 3 ? 2 : 8;
  for (std::size_t t = 0; t < weights.size(); ++t) {
    const int step = static_cast<int>(t) / per_step, within = static_cast<int>(t) % per_step;
    const std::size_t cell = (static_cast<std::size_t>(output / kBlock) * taps_.steps + step) * kBlock + lane;
    std::int16_t *to = weights_.data() + cell * 8 + within;
    const auto weight = static_cast<std::int16_t>(-weights[t]);
    for (int copy = 0; copy < (channels == 3 ? 4 : 1); ++copy) to[copy * 2] = weight;
  }
}

void ColumnTable::build(const AxisTaps &taps, int source_first, int channels) {
  const int outputs = static_cast<int>(taps.spans.size());
  const int per_step = channels == 3 ? 2 : 8;
  blocks_ = (outputs + kBlock - 1) / kBlock;
  const int steps = (taps.widest() + per_step - 1) / per_step;
  reach_ = steps * per_step * channels + 2;
  const std::size_t padded = static_cast<std::size_t>(blocks_) * kBlock;
  std::int32_t *start = start_.reset(padded);
  taps_ = {start, weights_.reset(padded * steps * 8), steps};
  for (int o = 0; o < outputs; ++o) {
    const Span &span = taps.spans[static_cast<std::size_t>(o)];
    start[o] = (span.start - source_first) * channels;
    place(o, quantised(taps.weights.data() + span.offset, span.count, 1 << kColumnBits), channels);
  }
}

}  // namespace edge
