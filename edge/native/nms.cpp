// SPDX-License-Identifier: Apache-2.0
#include "nms.hpp"

#include <algorithm>
#include <numeric>

#include "overlap.hpp"

namespace edge {
std::vector<std::int64_t> nms(const float *boxes_xyxy, const float *scores, std::size_t count, float iou,
                              int max_keep) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [scores](std::int64_t a, std::int64_t b) { return scores[a] > scores[b]; });
  std::vector<std::int64_t> kept;
  for (const std::int64_t candidate : order) {
    if (static_cast<int>(kept.size()) >= max_keep) break;
    const float *box = boxes_xyxy + candidate * 4;
    const bool suppressed = std::any_of(kept.begin(), kept.end(), [&](std::int64_t winner) {
      return intersection_over_union(boxes_xyxy + winner * 4, box) > iou;
    });
    if (!suppressed) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace edge
