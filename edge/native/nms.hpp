// SPDX-License-Identifier: Apache-2.0
// Greedy non-maximum suppression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edge {

// Indices of the kept boxes, best first; equal scores keep the order they came in. A box is dropped when its
// intersection over union with a kept one exceeds `iou`, so boxes that only touch, and boxes without area, never
// suppress another. Coordinates must be finite and ordered; `max_keep` ends the search.
std::vector<std::int64_t> nms(const float *boxes_xyxy, const float *scores, std::size_t count, float iou, int max_keep);

}  // namespace edge
