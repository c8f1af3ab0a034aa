// SPDX-License-Identifier: Apache-2.0
#include "decode.hpp"

#include <algorithm>
#include <cstddef>

#include "cell.hpp"

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

auto values_of(const LevelMap &level) {
  return [values = level.values](int index) { return values[index]; };
}

std::vector<Cell> cells_above(const std::vector<LevelMap> &levels, float min_score) {
  const float floor = logit_floor(min_score);
  std::vector<Cell> cells;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const int count = levels[l].height * levels[l].width;
    for (int i = 0; i < count; ++i) {
      const float logit = levels[l].values[i];
      if (logit >= floor && sigmoid(logit) >= min_score &&
          sound_cell(logit, sides_of(values_of(levels[l]), count, i), static_cast<float>(levels[l].stride))) {
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
    float box[4];
    const Sides sides = sides_of(values_of(level), level.height * level.width, cell.index);
    box_of_cell(cell.index, level.width, static_cast<float>(level.stride), sides, box);
    out.boxes_xyxy.insert(out.boxes_xyxy.end(), box, box + 4);
    out.scores.push_back(sigmoid(cell.logit));
  }
  return out;
}

}  // namespace edge
