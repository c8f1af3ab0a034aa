// SPDX-License-Identifier: Apache-2.0
#include "simcc.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "bins.hpp"

namespace edge {
namespace {

struct Place {
  double px;
  double probability;
};

// A float whose exponent has all bits set is infinite or not a number.
bool all_finite(const float *values, std::size_t count) {
  constexpr std::uint32_t EXPONENT = 0x7F800000U;
  std::uint32_t odd = 0;
  for (std::size_t n = 0; n < count; ++n) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, values + n, sizeof bits);
    odd |= static_cast<std::uint32_t>((bits & EXPONENT) == EXPONENT);
  }
  return odd == 0;
}

// The values folded to one by `fold`, in lanes that a compiler turns into vectors.
template <typename Fold>
float folded(const float *values, std::size_t count, float start, Fold fold) {
  constexpr std::size_t LANES = 8;
  float lanes[LANES];
  std::fill(lanes, lanes + LANES, start);
  std::size_t n = 0;
  for (; n + LANES <= count; n += LANES) {
    for (std::size_t lane = 0; lane < LANES; ++lane) lanes[lane] = fold(lanes[lane], values[n + lane]);
  }
  for (; n < count; ++n) lanes[0] = fold(lanes[0], values[n]);
  return std::accumulate(lanes + 1, lanes + LANES, lanes[0], fold);
}

// Mean of the bins about the most probable one, and their share of all. False when a logit is not finite. `weights` has
// room for all bins.
bool locate(const float *logits, std::size_t bins, double bins_a_px, double reach_px, float *weights, Place &place) {
  if (!all_finite(logits, bins)) return false;
  const float most = folded(logits, bins, logits[0], [](float a, float b) { return a > b ? a : b; });
  const auto peak = static_cast<std::ptrdiff_t>(std::find(logits, logits + bins, most) - logits);
  const auto reach = static_cast<std::ptrdiff_t>(bins_within(reach_px, bins_a_px, static_cast<int>(bins)));
  for (std::size_t bin = 0; bin < bins; ++bin) {
    weights[bin] = weight_of_bin(logits[bin], most);
  }
  const double all = folded(weights, bins, 0.0F, [](float a, float b) { return a + b; });
  double near = 0.0, moment = 0.0;
  const std::ptrdiff_t last = std::min(static_cast<std::ptrdiff_t>(bins) - 1, peak + reach);
  for (std::ptrdiff_t bin = std::max<std::ptrdiff_t>(0, peak - reach); bin <= last; ++bin) {
    near += static_cast<double>(weights[bin]);
    moment += static_cast<double>(weights[bin]) * (static_cast<double>(bin) + 0.5);
  }
  // The sum of all is a single-precision one: the share of all bins must not exceed 1 by its rounding.
  place = {moment / near / bins_a_px, std::min(near / all, 1.0)};
  return true;
}

}  // namespace

bool locate_simcc(const float *x_logits, const float *y_logits, const SimccShape &shape, double reach_px,
                  const AffineMap *picture_from_input, float *out) {
  std::vector<float> weights(std::max(shape.x_bins, shape.y_bins));
  for (std::size_t hand = 0; hand < shape.hands; ++hand) {
    const AffineMap &map = picture_from_input[hand];
    for (std::size_t point = 0; point < shape.points; ++point, out += 3) {
      Place x{}, y{};
      if (!locate(x_logits, shape.x_bins, shape.x_bins_a_px, reach_px, weights.data(), x)) return false;
      if (!locate(y_logits, shape.y_bins, shape.y_bins_a_px, reach_px, weights.data(), y)) return false;
      out[0] = static_cast<float>(map.xx * x.px + map.xy * y.px + map.x0);
      out[1] = static_cast<float>(map.yx * x.px + map.yy * y.px + map.y0);
      out[2] = static_cast<float>(x.probability * y.probability);
      x_logits += shape.x_bins;
      y_logits += shape.y_bins;
    }
  }
  return true;
}

}  // namespace edge
