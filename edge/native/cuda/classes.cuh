// SPDX-License-Identifier: Apache-2.0
// Classes of crops, a warp a row, and of the pixels of masks.
#pragma once

#include "../mask_label.hpp"
#include "../odds.hpp"
#include "rows.hpp"
#include "values.cuh"

namespace edge {
namespace cuda {

// `index` is the class whose probability is asked for, negative for the most probable one.
__device__ inline void classify_row(const Classify &task, int row, int index) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const Reader read = {task.logits, static_cast<std::int64_t>(row) * task.classes, task.dtype};
  Largest best;
  const bool finite = largest_of_warp(read, task.classes, &best);
  const float reference = index < 0 ? best.value : read(index);
  double odds = 0.0;
  for (int i = lane; i < task.classes && finite; i += kWarp) odds += odds_of(read(i), reference);
  odds = sum_of_warp(odds);
  if (lane != 0) return;
  if (!finite) set_fault(task.fault);
  task.scores[row] = finite ? static_cast<float>(1.0 / odds) : NAN;
  if (task.ids != nullptr) task.ids[row] = finite ? best.index : 0;
}

__device__ inline void label_pixel(const LabelMasks &task, int row, int x, int y) {
  const MaskShape shape = {task.classes, task.height, task.width};
  const std::int64_t logits = static_cast<std::int64_t>(task.classes) * task.height * task.width;
  const Reader read = {task.logits, row * logits, task.dtype};
  const float *m = task.cells_from_output;
  const float u = static_cast<float>(x) + 0.5f, v = static_cast<float>(y) + 0.5f;
  const int label = label_at(read, shape, m[0] * u + m[1] * v + m[2], m[3] * u + m[4] * v + m[5]);
  const std::int64_t line = static_cast<std::int64_t>(row) * task.out_height + y;
  task.labels[line * task.out_width + x] = static_cast<std::uint8_t>(label);
}

}  // namespace cuda
}  // namespace edge
