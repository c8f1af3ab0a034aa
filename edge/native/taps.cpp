// SPDX-License-Identifier: Apache-2.0
#include "taps.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace edge {
namespace {

constexpr double kNoise = 1e-6;  // rounding in positions and weights that is not worth a tap
constexpr int kMostEqualRows = 128;

// Adds the bilinear taps of one sample to the weights of the pixels from `start` on; returns the end of what it
// touched.
int add_sample(double position, double share, int start, int source_length, double *weights) {
  int index = static_cast<int>(position);
  double fraction = position - index;
  if (fraction > 1.0 - kNoise) {
    index = std::min(index + 1, source_length - 1);
    fraction = 0.0;
  }
  weights[index - start] += share;
  if (fraction < kNoise) return index + 1;
  weights[index - start] -= share * fraction;
  weights[index - start + 1] += share * fraction;
  return index + 2;
}

// Whole numbers near weights * one that add up to exactly `one`; what rounding left goes to the largest.
void quantise(const double *weights, int count, int one, int *out) {
  int left = one;
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<int>(weights[i] * one + 0.5);
    left -= out[i];
  }
  *std::max_element(out, out + count) += left;
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
  AxisTaps taps;
  taps.inside = inside_along(scale, origin, output_length, source_length);
  std::vector<double> offsets;
  for (int i = 0; i < samples; ++i) offsets.push_back(scale * (i + 0.5) / samples - 0.5 + origin);
  const std::size_t longest = static_cast<std::size_t>(std::min<double>(std::abs(scale), source_length)) + 3;
  const std::size_t outputs = static_cast<std::size_t>(taps.inside.last - taps.inside.first);
  taps.spans.reserve(outputs);
  taps.weights.assign(outputs * longest, 0.0);
  const double share = 1.0 / samples;
  for (int o = taps.inside.first; o < taps.inside.last; ++o) {
    const double base = scale * o;
    const double low = base + (scale < 0.0 ? offsets.back() : offsets.front());
    int start = static_cast<int>(clamp_position(low, source_length)), end = start;
    const std::size_t at = taps.spans.size() * longest;
    double *weights = taps.weights.data() + at;
    for (const double offset : offsets) {
      const double position = clamp_position(base + offset, source_length);
      end = std::max(end, add_sample(position, share, start, source_length, weights));
    }
    const int lead = weights[0] == 0.0 ? 1 : 0;
    taps.spans.push_back({start + lead, end - start - lead, static_cast<int>(at) + lead});
  }
  return taps;
}

RowTable row_table_from_taps(const AxisTaps &taps) {
  RowTable table;
  std::vector<int> quantised(static_cast<std::size_t>(taps.widest()));
  table.rows.reserve(taps.spans.size());
  table.weights.reserve(taps.weights.size());
  for (const Span &span : taps.spans) {
    const double *weights = taps.weights.data() + span.offset;
    RowTaps row{span.start, span.count, static_cast<int>(table.weights.size()), 0, false, 0, 0};
    row.equal = span.count <= kMostEqualRows && all_equal(weights, span.count);
    if (row.equal) {
      while (span.count << (row.shift + 1) <= 256) ++row.shift;
      row.weight = static_cast<int>(std::lround(65536.0 * (1 << kLineBits) / (span.count << row.shift)));
    }
    int truncated = 0;
    quantise(weights, span.count, 65536, quantised.data());
    for (int t = 0; t < span.count; ++t) {
      const auto bits = static_cast<std::uint32_t>(std::min(quantised[static_cast<std::size_t>(t)], 65535));
      truncated += bits % 256 != 0;
      table.weights.push_back(bits | bits << 16);
    }
    row.bias = truncated / 2;
    table.rows.push_back(row);
  }
  return table;
}

void ColumnTable::place(int output, const int *weights, int count, int channels) {
  const int in_block = output % kBlock;
  const int lane = (in_block % 4) * 4 + in_block / 4;
  const int per_step = channels == 3 ? 2 : 8;
  std::int16_t *block = weights_.data() + static_cast<std::size_t>(output / kBlock) * taps_.steps * kBlock * 8;
  for (int t = 0; t < count; ++t) {
    std::int16_t *to = block + (t / per_step * kBlock + lane) * 8 + t % per_step;
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
  std::vector<int> quantised(static_cast<std::size_t>(taps.widest()));
  for (int o = 0; o < outputs; ++o) {
    const Span &span = taps.spans[static_cast<std::size_t>(o)];
    start[o] = (span.start - source_first) * channels;
    quantise(taps.weights.data() + span.offset, span.count, 1 << kColumnBits, quantised.data());
    place(o, quantised.data(), span.count, channels);
  }
}

}  // namespace edge
