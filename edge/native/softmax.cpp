// SPDX-License-Identifier: Apache-2.0
#include "softmax.hpp"

#include <algorithm>
#include <numeric>

#include "finite.hpp"
#include "odds.hpp"

namespace edge {

namespace {

bool all_finite(const float *begin, const float *end) { return std::all_of(begin, end, is_finite); }

// Of all classes, where that of logit `reference` counts 1.
double sum_of_odds(const float *begin, const float *end, float reference) {
  return std::accumulate(begin, end, 0.0,
                         [reference](double sum, float logit) { return sum + odds_of(logit, reference); });
}

}  // namespace

bool best_classes(const float *logits, std::size_t rows, std::size_t classes, std::int64_t *ids, float *scores) {
  for (std::size_t row = 0; row < rows; ++row, logits += classes) {
    const float *end = logits + classes;
    if (!all_finite(logits, end)) return false;
    const float *best = std::max_element(logits, end);
    ids[row] = best - logits;
    scores[row] = static_cast<float>(1.0 / sum_of_odds(logits, end, *best));
  }
  return true;
}

bool probabilities_of(const float *logits, std::size_t rows, std::size_t classes, std::size_t index, float *out) {
  for (std::size_t row = 0; row < rows; ++row, logits += classes) {
    const float *end = logits + classes;
    if (!all_finite(logits, end)) return false;
    out[row] = static_cast<float>(1.0 / sum_of_odds(logits, end, logits[index]));
  }
  return true;
}

}  // namespace edge
