// SPDX-License-Identifier: Apache-2.0
// The kernels; parameters.hpp is their contract.
#include "classes.cuh"
#include "decode.cuh"
#include "parameters.hpp"
#include "points.cuh"
#include "second_look.cuh"
#include "warp.cuh"

using namespace edge;

extern __shared__ float4 edge_line[];  // float4 for its alignment

#define EDGE_WARP_KERNELS(name, Source)                                   \
  extern "C" __global__ void __launch_bounds__(cuda::kMostThreads)        \
      edge_warp_frame_##name(const __grid_constant__ WarpFrame task) {    \
    cuda::warp_frame<Source>(task, reinterpret_cast<float *>(edge_line)); \
  }                                                                       \
  extern "C" __global__ void __launch_bounds__(cuda::kMostThreads)        \
      edge_warp_crops_##name(const __grid_constant__ WarpCrops task) {    \
    cuda::warp_crop<Source>(task, reinterpret_cast<float *>(edge_line));  \
  }

EDGE_WARP_KERNELS(bgr, cuda::BytesSource<3>)
EDGE_WARP_KERNELS(gray, cuda::BytesSource<1>)
EDGE_WARP_KERNELS(nv12, cuda::Nv12Source)
EDGE_WARP_KERNELS(yuyv, cuda::YuyvSource)

extern "C" __global__ void __launch_bounds__(cuda::kMostRanking)
    edge_decode_boxes(const __grid_constant__ DecodeBoxes task) {
  __shared__ cuda::Ranking ranking;
  cuda::decode_picture(task, static_cast<int>(blockIdx.x), ranking);
}

extern "C" __global__ void __launch_bounds__(cuda::kMostRanking)
    edge_join_second_look(const __grid_constant__ JoinSecondLook task) {
  __shared__ cuda::Ranking ranking;
  cuda::join_hands(task, ranking);
}

extern "C" __global__ void edge_locate_simcc(const __grid_constant__ LocateSimcc task) {
  const int row = cuda::warp_number();
  if (row < rows_to_do(task.count, task.hands) * task.points) cuda::locate_simcc_row(task, row);
}

extern "C" __global__ void edge_locate_peaks(const __grid_constant__ LocatePeaks task) {
  const int row = cuda::warp_number();
  if (row < rows_to_do(task.count, task.hands) * task.points) cuda::locate_peak_row(task, row);
}

extern "C" __global__ void edge_best_classes(const __grid_constant__ Classify task) {
  const int row = cuda::warp_number();
  if (row < rows_to_do(task.count, task.rows)) cuda::classify_row(task, row, -1);
}

extern "C" __global__ void edge_probability_of(const __grid_constant__ Classify task) {
  const int row = cuda::warp_number();
  if (row < rows_to_do(task.count, task.rows)) cuda::classify_row(task, row, task.index);
}

extern "C" __global__ void edge_label_masks(const __grid_constant__ LabelMasks task) {
  const int row = static_cast<int>(blockIdx.z);
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  if (row >= rows_to_do(task.count, task.rows) || x >= task.out_width || y >= task.out_height) return;
  cuda::label_pixel(task, row, x, y);
}

extern "C" __global__ void edge_normalise_keypoints(const __grid_constant__ NormaliseKeypoints task) {
  const int hand = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (hand < rows_to_do(task.count, task.hands)) cuda::normalise_hand(task, hand);
}
