// SPDX-License-Identifier: Apache-2.0
#include "second_look.hpp"

#include <algorithm>
#include <cmath>

namespace edge {
namespace {

double area_of(const float *box) {
  return (static_cast<double>(box[2]) - box[0]) * (static_cast<double>(box[3]) - box[1]);
}

bool is_same(const float *a, const float *b, double share) {
  const double width = std::min<double>(a[2], b[2]) - std::max<double>(a[0], b[0]);
  const double height = std::min<double>(a[3], b[3]) - std::max<double>(a[1], b[1]);
  return width > 0.0 && height > 0.0 && width * height > share * std::min(area_of(a), area_of(b));
}

}  // namespace

JoinedHands join_second_look(const float *boxes_xyxy, const float *scores, const float *presence, std::size_t count,
                             const SecondLook &look) {
  std::vector<float> joined(count);
  std::vector<std::int64_t> order;
  for (std::size_t n = 0; n < count; ++n) {
    const double first = std::pow(static_cast<double>(scores[n]), 1.0 - look.trust);
    joined[n] = static_cast<float>(first * std::pow(static_cast<double>(presence[n]), look.trust));
    if (joined[n] >= look.min_score) order.push_back(static_cast<std::int64_t>(n));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&joined](std::int64_t a, std::int64_t b) { return joined[a] > joined[b]; });
  JoinedHands hands;
  for (const std::int64_t row : order) {
    const bool repeated = std::any_of(hands.rows.begin(), hands.rows.end(), [&](std::int64_t better) {
      return is_same(boxes_xyxy + 4 * better, boxes_xyxy + 4 * row, look.same);
    });
    if (repeated) continue;
    hands.rows.push_back(row);
    hands.scores.push_back(joined[row]);
  }
  return hands;
}

}  // namespace edge
