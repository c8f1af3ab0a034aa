// SPDX-License-Identifier: Apache-2.0
// Boxes of an anchor-free detector: one block ranks the cells of a picture.
#pragma once

#include "../cell.hpp"
#include "../overlap.hpp"
#include "../placement.hpp"
#include "sorting.cuh"

namespace edge {
namespace cuda {

constexpr int kLogits = 4;  // that are on their way from memory together

// Calls `take(key)` for this thread's cells that may be hands; a key's number counts the cells of all levels.
template <typename Take>
__device__ inline void each_candidate(const DecodeBoxes &task, int picture, Take take) {
  const float floor = logit_floor(task.min_score);
  unsigned before = 0;
  for (int l = 0; l < task.level_count; ++l) {
    const LevelView &level = task.levels[l];
    const int cells = level.height * level.width;
    const Reader read = {level.values, static_cast<std::int64_t>(picture) * 5 * cells, task.dtype};
    const int apart = static_cast<int>(blockDim.x);
    for (int first = static_cast<int>(threadIdx.x); first < cells; first += kLogits * apart) {
      float logits[kLogits];
#pragma unroll
      for (int k = 0; k < kLogits; ++k) logits[k] = first + k * apart < cells ? read(first + k * apart) : NAN;
#pragma unroll
      for (int k = 0; k < kLogits; ++k) {
        if (!(logits[k] >= floor) || !(sigmoid(logits[k]) >= task.min_score)) continue;
        const int i = first + k * apart;
        if (!sound_cell(logits[k], sides_of(read, cells, i), static_cast<float>(level.stride))) continue;
        take(key_of(logits[k], before + static_cast<unsigned>(i)));
      }
    }
    before += static_cast<unsigned>(cells);
  }
}

// Puts the keys up to `most` into the ranking, as far as there is room; returns how many there are.
__device__ inline int gather_keys(const DecodeBoxes &task, int picture, Key most, Ranking &ranking) {
  if (threadIdx.x == 0) ranking.found = 0;
  __syncthreads();
  each_candidate(task, picture, [&](Key key) {
    if (key > most) return;
    const int slot = atomicAdd(&ranking.found, 1);
    if (slot < kMostCandidates) ranking.keys[slot] = key;
  });
  __syncthreads();
  const int found = ranking.found;
  __syncthreads();
  return found;
}

// The key that `wanted` keys do not exceed, of more: found bit by bit, for there is not room for all.
__device__ inline Key key_of_rank(const DecodeBoxes &task, int picture, int wanted, Ranking &ranking) {
  Key low = 0, high = kNoKey;
  while (low < high) {
    const Key middle = low + (high - low) / 2;
    if (gather_keys(task, picture, middle, ranking) >= wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

__device__ inline void box_of_key(const DecodeBoxes &task, int picture, Key key, float *box) {
  int index = static_cast<int>(number_of_key(key)), l = 0;
  while (index >= task.levels[l].height * task.levels[l].width) {
    index -= task.levels[l].height * task.levels[l].width;
    ++l;
  }
  const LevelView &level = task.levels[l];
  const int cells = level.height * level.width;
  const Reader read = {level.values, static_cast<std::int64_t>(picture) * 5 * cells, task.dtype};
  box_of_cell(index, level.width, static_cast<float>(level.stride), sides_of(read, cells, index), box);
}

__device__ inline void decode_picture(const DecodeBoxes &task, int picture, Ranking &ranking) {
  int found = gather_keys(task, picture, kNoKey, ranking);
  if (found > kMostCandidates) {
    found = gather_keys(task, picture, key_of_rank(task, picture, task.max_candidates, ranking), ranking);
  }
  sort_keys(ranking.keys, found);
  const int count = min(found, task.max_candidates);
  for (int k = static_cast<int>(threadIdx.x); k < count; k += static_cast<int>(blockDim.x)) {
    box_of_key(task, picture, ranking.keys[k], ranking.boxes[k]);
  }
  if (threadIdx.x == 0) ranking.kept = 0;
  float *boxes = task.boxes + static_cast<std::int64_t>(picture) * task.max_hands * 4;
  float *scores = task.scores + static_cast<std::int64_t>(picture) * task.max_hands;
  const Placement placement = {task.picture_from_input, task.width, task.height};
  const auto drops = [&](const float *a, const float *b) { return intersection_over_union(a, b) > task.iou; };
  __syncthreads();
  keep_best(ranking, count, task.max_hands, drops, [&](int k) {
    float placed[4];
    if (!place_box(placement, ranking.boxes[k], placed)) return;
    for (int i = 0; i < 4; ++i) boxes[4 * ranking.kept + i] = placed[i];
    scores[ranking.kept++] = sigmoid(value_of_key(ranking.keys[k]));
  });
  __syncthreads();
  for (int k = ranking.kept + static_cast<int>(threadIdx.x); k < task.max_hands; k += static_cast<int>(blockDim.x)) {
    for (int i = 0; i < 4; ++i) boxes[4 * k + i] = 0.0f;
    scores[k] = 0.0f;
  }
  if (threadIdx.x == 0) task.counts[picture] = ranking.kept;
}

}  // namespace cuda
}  // namespace edge
