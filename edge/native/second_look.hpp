// SPDX-License-Identifier: Apache-2.0
// What a second, closer look at the hands that a detector found makes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edge {

// `trust` is the weight of presence in a score, `min_score` the least score of a hand, and a box that shares more than
// `same` of the smaller one with a better one shows the same hand.
struct SecondLook {
  double trust;
  float min_score;
  float same;
};

struct JoinedHands {
  std::vector<std::int64_t> rows;
  std::vector<float> scores;
};

// Rows of the hands that stay, best first, and their scores: the weighted geometric mean of score and presence. Equal
// scores keep the order they came in. Boxes must be finite and ordered, scores and presence within 0 and 1.
JoinedHands join_second_look(const float *boxes_xyxy, const float *scores, const float *presence, std::size_t count,
                             const SecondLook &look);

}  // namespace edge
