// SPDX-License-Identifier: Apache-2.0
// Where keypoints lie, a warp a keypoint, and what pose models are given of them.
#pragma once

#include "../bins.hpp"
#include "../peak.hpp"
#include "../pose_points.hpp"
#include "rows.hpp"
#include "values.cuh"

namespace edge {
namespace cuda {

struct Place {
  double px;
  double probability;
};

// Of the bins of one axis, in every lane; false in every lane when a logit is not finite.
__device__ inline bool locate_axis(const Reader &read, int bins, double bins_a_px, double reach_px, Place *place) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  Largest peak;
  if (!largest_of_warp(read, bins, &peak)) return false;
  float all = 0.0f;
  for (int bin = lane; bin < bins; bin += kWarp) all += weight_of_bin(read(bin), peak.value);
  all = sum_of_warp(all);
  const Interval range = near_peak(peak.index, bins_within(reach_px, bins_a_px, bins), bins);
  double near = 0.0, moment = 0.0;
  for (int bin = range.first + lane; bin < range.last; bin += kWarp) {
    const double weight = weight_of_bin(read(bin), peak.value);
    near += weight;
    moment += weight * (bin + 0.5);
  }
  near = sum_of_warp(near);
  moment = sum_of_warp(moment);
  const double share = near / all;
  *place = {moment / near / bins_a_px, share < 1.0 ? share : 1.0};
  return true;
}

__device__ inline void refuse_keypoint(float *keypoint, int *fault) {
  for (int i = 0; i < 3; ++i) keypoint[i] = NAN;
  set_fault(fault);
}

__device__ inline void locate_simcc_row(const LocateSimcc &task, int row) {
  const bool writes = threadIdx.x % kWarp == 0;
  const Reader x_read = {task.x, static_cast<std::int64_t>(row) * task.x_bins, task.dtype};
  const Reader y_read = {task.y, static_cast<std::int64_t>(row) * task.y_bins, task.dtype};
  float *keypoint = task.keypoints + 3 * static_cast<std::int64_t>(row);
  Place x, y;
  if (!locate_axis(x_read, task.x_bins, task.x_bins_a_px, task.reach_px, &x) ||
      !locate_axis(y_read, task.y_bins, task.y_bins_a_px, task.reach_px, &y)) {
    if (writes) refuse_keypoint(keypoint, task.fault);
    return;
  }
  if (!writes) return;
  const AffineMap map = map_from_values(task.maps + 6 * (row / task.points));
  keypoint[0] = static_cast<float>(map.xx * x.px + map.xy * y.px + map.x0);
  keypoint[1] = static_cast<float>(map.yx * x.px + map.yy * y.px + map.y0);
  keypoint[2] = static_cast<float>(x.probability * y.probability);
}

__device__ inline void locate_peak_row(const LocatePeaks &task, int row) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, cells = task.height * task.width;
  const Reader read = {task.heat, static_cast<std::int64_t>(row) * cells, task.dtype};
  float *keypoint = task.keypoints + 3 * static_cast<std::int64_t>(row);
  Largest peak;
  if (!largest_of_warp(read, cells, &peak)) {
    if (lane == 0) refuse_keypoint(keypoint, task.fault);
    return;
  }
  const HeatShape shape = {task.height, task.width, task.reach};
  const Interval x = near_peak(peak.index % task.width, task.reach, task.width);
  const Interval y = near_peak(peak.index / task.width, task.reach, task.height);
  const int columns = x.last - x.first;
  Moments moments = {0.0, 0.0, 0.0};
  for (int i = lane; i < columns * (y.last - y.first); i += kWarp) {
    const int column = x.first + i % columns, line = y.first + i / columns;
    add_cell(moments, column, line, read(line * task.width + column));
  }
  moments = {sum_of_warp(moments.weight), sum_of_warp(moments.x), sum_of_warp(moments.y)};
  if (lane != 0) return;
  place_peak(moments, peak.index, peak.value, shape, static_cast<double>(task.input_width) / task.width,
             static_cast<double>(task.input_height) / task.height, map_from_values(task.maps + 6 * (row / task.points)),
             keypoint);
}

__device__ inline void normalise_hand(const NormaliseKeypoints &task, int hand) {
  const float *keypoints = task.keypoints + 3 * kHandPoints * static_cast<std::int64_t>(hand);
  const PosePlace place = pose_place(keypoints, task.upright != 0, task.one_sided != 0);
  for (int k = 0; k < kHandPoints; ++k) {
    float xy[2];
    pose_point(place, keypoints + 3 * k, xy);
    const std::int64_t to = 2 * (kHandPoints * static_cast<std::int64_t>(hand) + k);
    store_value(task.points, to, task.dtype, xy[0]);
    store_value(task.points, to + 1, task.dtype, xy[1]);
  }
}

}  // namespace cuda
}  // namespace edge
