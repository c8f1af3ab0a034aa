// SPDX-License-Identifier: Apache-2.0
#include "second_look.hpp"

#include <algorithm>

#include "odds.hpp"
#include "overlap.hpp"

namespace edge {
JoinedHands join_second_look(const float *boxes_xyxy, const float *scores, const float *presence, std::size_t count,
                             const SecondLook &look) {
  std::vector<float> joined(count);
  std::vector<std::int64_t> order;
  for (std::size_t n = 0; n < count; ++n) {
    joined[n] = joined_score(scores[n], presence[n], look.trust);
    if (joined[n] >= look.min_score) order.push_back(static_cast<std::int64_t>(n));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&joined](std::int64_t a, std::int64_t b) { return joined[a] > joined[b]; });
  JoinedHands hands;
  for (const std::int64_t row : order) {
    const bool repeated = std::any_of(hands.rows.begin(), hands.rows.end(), [&](std::int64_t better) {
      return same_thing(boxes_xyxy + 4 * better, boxes_xyxy + 4 * row, look.same);
    });
    if (repeated) continue;
    hands.rows.push_back(row);
    hands.scores.push_back(joined[row]);
  }
  return hands;
}

}  // namespace edge
