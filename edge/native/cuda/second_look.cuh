// SPDX-License-Identifier: Apache-2.0
// Scores joined with presence: one block ranks the hands of a picture.
#pragma once

#include "../odds.hpp"
#include "../overlap.hpp"
#include "rows.hpp"
#include "sorting.cuh"

namespace edge {
namespace cuda {

// Puts the keys of the hands that score enough into the ranking; returns how many there are.
__device__ inline int gather_hands(const JoinSecondLook &task, Ranking &ranking) {
  if (threadIdx.x == 0) ranking.found = 0;
  __syncthreads();
  const int rows = min(rows_to_do(task.count, task.rows), kMostCandidates);
  for (int row = static_cast<int>(threadIdx.x); row < rows; row += static_cast<int>(blockDim.x)) {
    const float score = task.scores[row], presence = task.presence[row];
    if (!is_finite(score) || !is_finite(presence)) {
      set_fault(task.fault);
      continue;
    }
    const float joined = joined_score(score, presence, task.trust);
    if (joined >= task.min_score)
      ranking.keys[atomicAdd(&ranking.found, 1)] = key_of(joined, static_cast<unsigned>(row));
  }
  __syncthreads();
  return ranking.found;
}

__device__ inline void join_hands(const JoinSecondLook &task, Ranking &ranking) {
  const int count = gather_hands(task, ranking);
  sort_keys(ranking.keys, count);
  for (int k = static_cast<int>(threadIdx.x); k < count; k += static_cast<int>(blockDim.x)) {
    const float *box = task.boxes + 4 * number_of_key(ranking.keys[k]);
    for (int i = 0; i < 4; ++i) ranking.boxes[k][i] = box[i];
  }
  if (threadIdx.x == 0) ranking.kept = 0;
  const auto drops = [&](const float *a, const float *b) { return same_thing(a, b, task.same); };
  __syncthreads();
  keep_best(ranking, count, count, drops, [&](int k) {
    const int to = ranking.kept++;
    task.kept_rows[to] = static_cast<int>(number_of_key(ranking.keys[k]));
    task.kept_scores[to] = value_of_key(ranking.keys[k]);
    if (task.kept_boxes == nullptr) return;
    for (int i = 0; i < 4; ++i) task.kept_boxes[4 * to + i] = ranking.boxes[k][i];
  });
  __syncthreads();
  for (int k = ranking.kept + static_cast<int>(threadIdx.x); k < task.rows; k += static_cast<int>(blockDim.x)) {
    task.kept_rows[k] = 0;
    task.kept_scores[k] = 0.0f;
    for (int i = 0; i < 4 && task.kept_boxes != nullptr; ++i) task.kept_boxes[4 * k + i] = 0.0f;
  }
  if (threadIdx.x == 0) *task.kept_count = ranking.kept;
}

}  // namespace cuda
}  // namespace edge
