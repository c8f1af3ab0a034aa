// SPDX-License-Identifier: Apache-2.0
#include "decode.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace edge {
namespace {

struct Cell {
  float logit;
  int level;
  int index;
};

bool better(const Cell &a, const Cell &b) {
  if (a.logit != b.logit) return a.logit > b.logit;
  if (a.level != b.level) return a.level < b.level;
  return a.index < b.index;
}

float sigmoid(float logit) { return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logit)))); }

// A logit that no cell with sigmoid(logit) >= min_score lies below, so that most cells need no exponential.
float logit_floor(float min_score) {
  const double p = min_score;
  if (p <= 0.0) return -INFINITY;
  if (p >= 1.0) return 15.0f;
  return static_cast<float>(std::log(p / (1.0 - p)) - 1e-3);
}

// Far beyond any picture, and small enough that a box made of it has finite sides.
constexpr float kFarthestPx = 1e9f;

bool sound_cell(const LevelMap &level, int index) {
  const std::size_t cells = static_cast<std::size_t>(level.height) * level.width;
  const float stride = static_cast<float>(level.stride);
  for (int c = 1; c < 5; ++c) {
    if (!(std::abs(level.values[c * cells + index]) * stride < kFarthestPx)) return false;
  }
  return std::isfinite(level.values[index]);
}

std::vector<Cell> cells_above(const std::vector<LevelMap> &levels, float min_score) {
  const float floor = logit_floor(min_score);
  std::vector<Cell> cells;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const int count = levels[l].height * levels[l].width;
    for (int i = 0; i < count; ++i) {
      const float logit = levels[l].values[i];
      if (logit >= floor && sigmoid(logit) >= min_score && sound_cell(levels[l], i)) {
        cells.push_back({logit, static_cast<int>(l), i});
      }
    }
  }
  return cells;
}

}  // namespace

Candidates decode_ltrb(const std::vector<LevelMap> &levels, float min_score, int max_candidates) {
  std::vector<Cell> cells = cells_above(levels, min_score);
  const std::size_t kept = std::min(cells.size(), static_cast<std::size_t>(max_candidates));
  std::partial_sort(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(kept), cells.end(), better);
  Candidates out;
  out.boxes_xyxy.reserve(kept * 4);
  out.scores.reserve(kept);
  for (std::size_t k = 0; k < kept; ++k) {
    const Cell &cell = cells[k];
    const LevelMap &level = levels[static_cast<std::size_t>(cell.level)];
    const std::size_t plane = static_cast<std::size_t>(level.height) * level.width;
    const float *distance = level.values + plane + cell.index;
    const float stride = static_cast<float>(level.stride);
    const float x = (static_cast<float>(cell.index % level.width) + 0.5f) * stride;
    const float y = (static_cast<float>(cell.index / level.width) + 0.5f) * stride;
    out.boxes_xyxy.push_back(x - std::max(distance[0], 0.0f) * stride);
    out.boxes_xyxy.push_back(y - std::max(distance[plane], 0.0f) * stride);
    out.boxes_xyxy.push_back(x + std::max(distance[2 * plane], 0.0f) * stride);
    out.boxes_xyxy.push_back(y + std::max(distance[3 * plane], 0.0f) * stride);
    out.scores.push_back(sigmoid(cell.logit));
  }
  return out;
}

}  // namespace edge
