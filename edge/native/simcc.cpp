// SPDX-License-Identifier: Apache-2.0
#include "simcc.hpp"

#include <algorithm>
#include <cmath>

namespace edge {
namespace {

struct Place {
  double px;
  double probability;
};

// Mean of the bins about the most probable one, and their share of all. False when a logit is not finite.
bool locate(const float *logits, std::size_t bins, double bins_a_px, double reach_px, Place &place) {
  const float *end = logits + bins;
  if (!std::all_of(logits, end, [](float logit) { return std::isfinite(logit); })) return false;
  const auto peak = static_cast<std::ptrdiff_t>(std::max_element(logits, end) - logits);
  const auto reach = static_cast<std::ptrdiff_t>(std::min(reach_px * bins_a_px, static_cast<double>(bins)));
  double all = 0.0, near = 0.0, moment = 0.0;
  for (std::ptrdiff_t bin = 0; bin < static_cast<std::ptrdiff_t>(bins); ++bin) {
    const double weight = std::exp(static_cast<double>(logits[bin]) - logits[peak]);
    all += weight;
    if (std::abs(bin - peak) > reach) continue;
    near += weight;
    moment += weight * (static_cast<double>(bin) + 0.5);
  }
  place = {moment / near / bins_a_px, near / all};
  return true;
}

}  // namespace

bool locate_simcc(const float *x_logits, const float *y_logits, const SimccShape &shape, double reach_px,
                  const AffineMap *picture_from_input, float *out) {
  for (std::size_t hand = 0; hand < shape.hands; ++hand) {
    const AffineMap &map = picture_from_input[hand];
    for (std::size_t point = 0; point < shape.points; ++point, out += 3) {
      Place x{}, y{};
      if (!locate(x_logits, shape.x_bins, shape.x_bins_a_px, reach_px, x)) return false;
      if (!locate(y_logits, shape.y_bins, shape.y_bins_a_px, reach_px, y)) return false;
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
