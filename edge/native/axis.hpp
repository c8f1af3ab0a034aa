// SPDX-License-Identifier: Apache-2.0
// One axis of an axis-aligned warp in whole numbers, for processors without fast double precision.
#pragma once

#include <cstdint>

#include "pixel.hpp"

namespace edge {

constexpr int kAxisBits = 32;  // fractional bits of a position
constexpr std::int64_t kAxisOne = std::int64_t{1} << kAxisBits;

// Sample i of output o lies at first + step * o + between * i source pixels, counted from the centre of pixel 0.
struct Axis {
  std::int64_t step;
  std::int64_t first;
  std::int64_t between;
  std::int64_t centre;  // of output 0, counted from the picture's border
  int samples;
  int source_length;
  int whole;  // every sample lies on a pixel's centre
};

EDGE_HD std::int64_t axis_position(double px) {
  return static_cast<std::int64_t>(floor(px * static_cast<double>(kAxisOne) + 0.5));
}

// Output coordinate o lies at scale * o + origin in the source; |scale| is kMaxSamples at most.
EDGE_HD Axis axis_along(double scale, double origin, int source_length) {
  Axis axis = {};
  axis.samples = samples_along(scale, 0.0);
  axis.step = axis_position(scale);
  axis.between = axis_position(scale / axis.samples);
  axis.first = axis_position(origin - 0.5 + scale / (2.0 * axis.samples));
  axis.centre = axis_position(origin + scale / 2);
  axis.source_length = source_length;
  axis.whole = ((axis.step | axis.first | axis.between) & (kAxisOne - 1)) == 0;
  return axis;
}

EDGE_HD bool inside(const Axis &axis, int output) {
  const std::int64_t centre = axis.centre + axis.step * output;
  return centre >= 0 && centre < axis.source_length * kAxisOne;
}

// Where sample i of an output lies, moved to the nearest pixel's centre when it is outside the picture.
EDGE_HD std::int64_t sample_position(const Axis &axis, int output, int i) {
  const std::int64_t position = axis.first + axis.step * output + axis.between * i;
  const std::int64_t last = (axis.source_length - 1) * kAxisOne;
  return position < 0 ? 0 : (position > last ? last : position);
}

EDGE_HD int pixel_of(std::int64_t position) { return static_cast<int>(position >> kAxisBits); }

EDGE_HD float fraction_of(std::int64_t position) {
  return static_cast<float>(static_cast<std::uint32_t>(position)) * (1.0f / 4294967296.0f);
}

// [first, last): the pixels that outputs [begin, end) may give a weight.
EDGE_HD Interval pixels_under(const Axis &axis, int begin, int end) {
  const std::int64_t ends[4] = {sample_position(axis, begin, 0), sample_position(axis, begin, axis.samples - 1),
                                sample_position(axis, end - 1, 0), sample_position(axis, end - 1, axis.samples - 1)};
  std::int64_t low = ends[0], high = ends[0];
  for (int i = 1; i < 4; ++i) {
    low = ends[i] < low ? ends[i] : low;
    high = ends[i] > high ? ends[i] : high;
  }
  // A position between two pixels weighs both.
  return {pixel_of(low), pixel_of(high + kAxisOne - 1) + 1};
}

// The share of `pixel` in the mean of an output's samples.
EDGE_HD float weight_of(const Axis &axis, int output, int pixel) {
  float sum = 0.0f;
  for (int i = 0; i < axis.samples; ++i) {
    const std::int64_t away = sample_position(axis, output, i) - pixel * kAxisOne;
    const float distance = static_cast<float>(away < 0 ? -away : away) * (1.0f / 4294967296.0f);
    sum += distance < 1.0f ? 1.0f - distance : 0.0f;
  }
  return sum / static_cast<float>(axis.samples);
}

}  // namespace edge
