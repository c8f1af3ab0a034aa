// SPDX-License-Identifier: Apache-2.0
// A hand's keypoints as the input of a pose model.
#pragma once

#include "pixel.hpp"

namespace edge {

constexpr int kHandPoints = 21;

// From the wrist on, in units of the farthest keypoint's distance to it: turned by (cosine, sine), x times `mirror`.
struct PosePlace {
  float wrist_x, wrist_y, unit;
  float cosine, sine, mirror;
};

EDGE_HD float at_least_tiny(float length) { return length > 1e-6f ? length : 1e-6f; }

// `keypoints` (21, 3): x, y and score. `upright` turns the root of the middle finger above the wrist; `one_sided`
// mirrors hands whose little finger is then to the left of the index finger.
EDGE_HD PosePlace pose_place(const float *keypoints, bool upright, bool one_sided) {
  PosePlace place = {keypoints[0], keypoints[1], 0.0f, 1.0f, 0.0f, 1.0f};
  for (int k = 1; k < kHandPoints; ++k) {
    const float x = keypoints[3 * k] - place.wrist_x, y = keypoints[3 * k + 1] - place.wrist_y;
    const float distance = sqrtf(x * x + y * y);
    place.unit = distance > place.unit ? distance : place.unit;
  }
  place.unit = at_least_tiny(place.unit);
  constexpr int kIndexRoot = 5, kMiddleRoot = 9, kLittleRoot = 17;
  const float *middle = keypoints + 3 * kMiddleRoot;
  const float x = (middle[0] - place.wrist_x) / place.unit, y = (middle[1] - place.wrist_y) / place.unit;
  const float length = at_least_tiny(sqrtf(x * x + y * y));
  const float cosine = -y / length;
  float sine = -x / length;
  if (one_sided) {
    const float *little = keypoints + 3 * kLittleRoot, *index = keypoints + 3 * kIndexRoot;
    if ((little[0] - index[0]) * cosine - (little[1] - index[1]) * sine < 0.0f) {
      place.mirror = -1.0f;
      sine = -sine;
    }
  }
  if (upright) {
    place.cosine = cosine;
    place.sine = sine;
  }
  return place;
}

EDGE_HD void pose_point(const PosePlace &place, const float *keypoint, float *xy) {
  const float x = place.mirror * ((keypoint[0] - place.wrist_x) / place.unit);
  const float y = (keypoint[1] - place.wrist_y) / place.unit;
  xy[0] = x * place.cosine - y * place.sine;
  xy[1] = x * place.sine + y * place.cosine;
}

}  // namespace edge
