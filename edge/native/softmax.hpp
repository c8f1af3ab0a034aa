// SPDX-License-Identifier: Apache-2.0
// Softmax: the most probable class of logits, and the probability of one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge {

// For each of `rows` rows of `classes` logits: the index of the largest, the first of equals, and its softmax
// probability. False when a logit is not finite; ids and scores are then not to be used.
bool best_classes(const float *logits, std::size_t rows, std::size_t classes, std::int64_t *ids, float *scores);

// Softmax probability of class `index` in each row. False when a logit is not finite.
bool probabilities_of(const float *logits, std::size_t rows, std::size_t classes, std::size_t index, float *out);

}  // namespace edge
