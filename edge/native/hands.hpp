// SPDX-License-Identifier: Apache-2.0
// From candidates in the network's input to hands in the picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "placement.hpp"

namespace edge {

struct PlacedBoxes {
  std::vector<float> boxes_xyxy;  // four a box, in pixels of the picture
  std::vector<std::int64_t> candidates;
};

// Greedy suppression as in nms.hpp, best first; each box kept becomes the upright box about its moved corners, cut at
// the picture's border. Boxes without area within the picture, as those in the padding alone, are left out; they
// suppress others all the same, and count for `max_keep`.
PlacedBoxes place_hands(const float *boxes_xyxy, const float *scores, std::size_t count, float iou, int max_keep,
                        const Placement &placement);

}  // namespace edge
