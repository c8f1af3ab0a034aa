// SPDX-License-Identifier: Apache-2.0
// Where keypoints lie, from one distribution an axis (SimCC, Li et al. 2022).
#pragma once

#include <cstddef>

#include "pixel.hpp"

namespace edge {

// Logits of one keypoint's place along the input's x and y axis: `x_bins` and `y_bins` bins that cover its sides.
struct SimccShape {
  std::size_t hands, points, x_bins, y_bins;
  double x_bins_a_px, y_bins_a_px;
};

// For each of `hands` times `points` keypoints: x and y in the picture that `picture_from_input[hand]` leads to, and a
// score. The place is the mean of the softmax over the bins that lie within `reach_px` of the most probable one, the
// first of equals; the score is the probability that both coordinates lie there. False when a logit is not finite;
// `out` (hands, points, 3) is then not to be used.
bool locate_simcc(const float *x_logits, const float *y_logits, const SimccShape &shape, double reach_px,
                  const AffineMap *picture_from_input, float *out);

}  // namespace edge
