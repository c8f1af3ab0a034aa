// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a softmax and of what a second look makes of a score.
#pragma once

#include "pixel.hpp"

namespace edge {

// Of a class, where that of logit `reference` counts 1.
EDGE_HD double odds_of(float logit, float reference) { return exp(static_cast<double>(logit) - reference); }

// The weighted geometric mean of both, `trust` the weight of presence.
EDGE_HD float joined_score(float score, float presence, double trust) {
  const double first = pow(static_cast<double>(score), 1.0 - trust);
  return static_cast<float>(first * pow(static_cast<double>(presence), trust));
}

}  // namespace edge
