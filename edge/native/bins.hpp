// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a softmax over the bins of an axis.
#pragma once

#include <cstdint>
#include <cstring>

#include "pixel.hpp"

namespace edge {

constexpr float kLeastExponent = -87.0F;

// exp for -87 <= x <= 0, 2e-7 of it off at most, in arithmetic that a compiler turns into vectors: two to the whole
// part goes into a float's exponent, the rest is Taylor's series.
EDGE_HD float exponential(float x) {
  constexpr float LOG2_E = 1.44269504F, LN_2 = 0.693147181F;
  const float power = x * LOG2_E;
  const auto whole = static_cast<std::int32_t>(power - 0.5F);
  const float part = (power - static_cast<float>(whole)) * LN_2;
  constexpr float C3 = 1.0F / 6, C4 = 1.0F / 24, C5 = 1.0F / 120, C6 = 1.0F / 720;
  const float series = 1.0F + part * (1.0F + part * (0.5F + part * (C3 + part * (C4 + part * (C5 + part * C6)))));
  const std::int32_t bits = (whole + 127) << 23;
  float scale = 0.0F;
  memcpy(&scale, &bits, sizeof scale);
  return series * scale;
}

// The weight of a bin, where that of logit `most` counts 1.
EDGE_HD float weight_of_bin(float logit, float most) {
  const float below = logit - most;
  return exponential(below > kLeastExponent ? below : kLeastExponent);
}

// Bins within reach on either side of the most probable one.
EDGE_HD int bins_within(double reach_px, double bins_a_px, int bins) {
  const double reach = reach_px * bins_a_px;
  return static_cast<int>(reach < bins ? reach : bins);
}

}  // namespace edge
