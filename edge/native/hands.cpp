// SPDX-License-Identifier: Apache-2.0
#include "hands.hpp"

#include <algorithm>

#include "nms.hpp"

namespace edge {
namespace {

struct Span {
  float low;
  float high;
};

// What a * [low, high] + b * [other_low, other_high] + origin covers of [0, length].
Span moved(double a, double low, double high, double b, double other_low, double other_high, double origin,
           int length) {
  const double least = std::min(a * low, a * high) + std::min(b * other_low, b * other_high) + origin;
  const double most = std::max(a * low, a * high) + std::max(b * other_low, b * other_high) + origin;
  const double limit = length;
  return {static_cast<float>(std::clamp(least, 0.0, limit)), static_cast<float>(std::clamp(most, 0.0, limit))};
}

}  // namespace

PlacedBoxes place_hands(const float *boxes_xyxy, const float *scores, std::size_t count, float iou, int max_keep,
                        const Placement &placement) {
  const AffineMap &map = placement.picture_from_input;
  PlacedBoxes placed;
  for (const std::int64_t candidate : nms(boxes_xyxy, scores, count, iou, max_keep)) {
    const float *box = boxes_xyxy + 4 * candidate;
    const Span x = moved(map.xx, box[0], box[2], map.xy, box[1], box[3], map.x0, placement.width);
    const Span y = moved(map.yy, box[1], box[3], map.yx, box[0], box[2], map.y0, placement.height);
    if (!(x.high > x.low && y.high > y.low)) continue;
    placed.boxes_xyxy.insert(placed.boxes_xyxy.end(), {x.low, y.low, x.high, y.high});
    placed.candidates.push_back(candidate);
  }
  return placed;
}

}  // namespace edge
