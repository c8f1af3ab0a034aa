// SPDX-License-Identifier: Apache-2.0
#include "softmax.hpp"

#include <algorithm>
#include <cmath>

namespace edge {

bool best_classes(const float *logits, std::size_t rows, std::size_t classes, std::int64_t *ids, float *scores) {
  for (std::size_t row = 0; row < rows; ++row, logits += classes) {
    const float *end = logits + classes;
    if (!std::all_of(logits, end, [](float logit) { return std::isfinite(logit); })) return false;
    const float *best = std::max_element(logits, end);
    double sum = 0.0;
    for (const float *logit = logits; logit != end; ++logit) sum += std::exp(static_cast<double>(*logit) - *best);
    ids[row] = best - logits;
    scores[row] = static_cast<float>(1.0 / sum);
  }
  return true;
}

}  // namespace edge
