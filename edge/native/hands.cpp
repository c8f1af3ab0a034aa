// SPDX-License-Identifier: Apache-2.0
#include "hands.hpp"

#include "nms.hpp"

namespace edge {
PlacedBoxes place_hands(const float *boxes_xyxy, const float *scores, std::size_t count, float iou, int max_keep,
                        const Placement &placement) {
  PlacedBoxes placed;
  for (const std::int64_t candidate : nms(boxes_xyxy, scores, count, iou, max_keep)) {
    float box[4];
    if (!place_box(placement, boxes_xyxy + 4 * candidate, box)) continue;
    placed.boxes_xyxy.insert(placed.boxes_xyxy.end(), box, box + 4);
    placed.candidates.push_back(candidate);
  }
  return placed;
}

}  // namespace edge
