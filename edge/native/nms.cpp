// SPDX-License-Identifier: Apache-2.0
#include "nms.hpp"

#include <algorithm>
#include <numeric>

namespace edge {
namespace {

// Doubles hold every product of two float differences that matters here, so equal boxes compare exactly as 1.
double intersection_over_union(const float *a, const float *b) {
  const double width = std::min<double>(a[2], b[2]) - std::max<double>(a[0], b[0]);
  const double height = std::min<double>(a[3], b[3]) - std::max<double>(a[1], b[1]);
  if (width <= 0.0 || height <= 0.0) return 0.0;
  const double overlap = width * height;
  const double area_a = (static_cast<double>(a[2]) - a[0]) * (static_cast<double>(a[3]) - a[1]);
  const double area_b = (static_cast<double>(b[2]) - b[0]) * (static_cast<double>(b[3]) - b[1]);
  return overlap / (area_a + area_b - overlap);
}

}  // namespace

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
