// SPDX-License-Identifier: Apache-2.0
// Values of networks, float32 or float16, and what the lanes of a warp make of theirs together.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

#include "parameters.hpp"

namespace edge {
namespace cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

__device__ inline float load_value(const void *values, std::int64_t index, int dtype) {
  if (dtype == kFloat32) return __ldg(static_cast<const float *>(values) + index);
  return __half2float(__ldg(static_cast<const __half *>(values) + index));
}

__device__ inline void store_value(void *values, std::int64_t index, int dtype, float value) {
  if (dtype == kFloat32) {
    static_cast<float *>(values)[index] = value;
  } else {
    static_cast<__half *>(values)[index] = __float2half_rn(value);
  }
}

// The values from `base` on, for arithmetic that is told how to read.
struct Reader {
  const void *values;
  std::int64_t base;
  int dtype;
  __device__ float operator()(int index) const { return load_value(values, base + index, dtype); }
};

__device__ inline void set_fault(int *fault) {
  if (fault != nullptr) atomicOr(fault, kNotFinite);
}

template <typename Number>
__device__ inline Number sum_of_warp(Number value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

struct Largest {
  float value;
  int index;
};

__device__ inline void take_larger(Largest &mine, float value, int index) {
  if (value > mine.value || (value == mine.value && index < mine.index)) mine = {value, index};
}

// The largest of `count` values, the first of equals, in every lane; false in every lane when one is not finite.
__device__ inline bool largest_of_warp(const Reader &read, int count, Largest *largest) {
  const int lane = threadIdx.x % kWarp;
  Largest mine = {-INFINITY, count};
  bool finite = true;
  for (int i = lane; i < count; i += kWarp) {
    const float value = read(i);
    finite = finite && is_finite(value);
    take_larger(mine, value, i);
  }
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const float value = __shfl_xor_sync(kAllLanes, mine.value, step);
    const int index = __shfl_xor_sync(kAllLanes, mine.index, step);
    take_larger(mine, value, index);
  }
  *largest = mine;
  return __all_sync(kAllLanes, finite);
}

// Number of this thread's warp in the grid.
__device__ inline int warp_number() { return static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / kWarp); }

}  // namespace cuda
}  // namespace edge
