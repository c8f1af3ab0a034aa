// SPDX-License-Identifier: Apache-2.0
// Boxes from the maps of an anchor-free detector whose cells regress the distances to the four sides (FCOS style).
#pragma once

#include <vector>

namespace edge {

struct Candidates {
  std::vector<float> boxes_xyxy;  // four a box, in pixels of the network's input
  std::vector<float> scores;
};

// (5, height, width) float32, C-contiguous: score logit, then left, top, right, bottom in units of the stride.
struct LevelMap {
  const float *values;
  int height;
  int width;
  int stride;
};

// Cells whose sigmoid(logit) >= min_score, best first, ties in the order of level, row, column; at most max_candidates.
// A cell's centre is (x + 0.5) * stride; a negative distance counts as 0. A cell is left out when
// a value is not finite or a distance reaches 1e9 pixels.
Candidates decode_ltrb(const std::vector<LevelMap> &levels, float min_score, int max_candidates);

}  // namespace edge
