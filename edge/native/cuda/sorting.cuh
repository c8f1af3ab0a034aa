// SPDX-License-Identifier: Apache-2.0
// The best first: a block sorts keys in shared memory, and lets the better boxes drop the worse.
#pragma once

#include <cstdint>

#include "values.cuh"

namespace edge {
namespace cuda {

constexpr int kMostRanking = 512;  // threads that rank

using Key = unsigned long long;
constexpr Key kNoKey = ~Key{0};

// Ascending keys have descending values, and of equal values ascending numbers. The value is finite.
__device__ inline Key key_of(float value, unsigned number) {
  const unsigned bits = __float_as_uint(value + 0.0f);  // -0 equals 0
  const unsigned ascending = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return static_cast<Key>(~ascending) << 32 | number;
}

__device__ inline float value_of_key(Key key) {
  const unsigned ascending = ~static_cast<unsigned>(key >> 32);
  return __uint_as_float(ascending & 0x80000000u ? ascending & 0x7FFFFFFFu : ~ascending);
}

__device__ inline unsigned number_of_key(Key key) { return static_cast<unsigned>(key); }

// What a block needs to rank boxes.
struct Ranking {
  Key keys[kMostCandidates];
  float boxes[kMostCandidates][4];
  unsigned char dropped[kMostCandidates];
  int found;
  int kept;
};

// Sorts keys[0, count), which all threads have written, by Batcher's bitonic network.
__device__ inline void sort_keys(Key *keys, int count) {
  int padded = 1;
  while (padded < count) padded *= 2;
  for (int i = count + static_cast<int>(threadIdx.x); i < padded; i += static_cast<int>(blockDim.x)) keys[i] = kNoKey;
  __syncthreads();
  for (int size = 2; size <= padded; size *= 2) {
    for (int apart = size / 2; apart > 0; apart /= 2) {
      for (int i = static_cast<int>(threadIdx.x); i < padded / 2; i += static_cast<int>(blockDim.x)) {
        const int low = 2 * i - (i & (apart - 1)), high = low + apart;
        const bool ascending = (low & size) == 0;
        const Key a = keys[low], b = keys[high];
        if ((a > b) == ascending) {
          keys[low] = b;
          keys[high] = a;
        }
      }
      __syncthreads();
    }
  }
}

// Goes through boxes [0, count), best first: `keep(k)` is called by thread 0 for each that no better one dropped, until
// `most` are kept; `drops(a, b)` tells whether box a drops box b. The boxes have been written before a barrier.
template <typename Drops, typename Keep>
__device__ inline void keep_best(Ranking &ranking, int count, int most, Drops drops, Keep keep) {
  for (int k = static_cast<int>(threadIdx.x); k < count; k += static_cast<int>(blockDim.x)) ranking.dropped[k] = 0;
  __syncthreads();
  int kept = 0;
  for (int k = 0; k < count && kept < most; ++k) {
    // Nothing writes this flag after the last barrier, for only later boxes are dropped.
    if (ranking.dropped[k]) continue;
    ++kept;
    if (threadIdx.x == 0) keep(k);
    for (int later = k + 1 + static_cast<int>(threadIdx.x); later < count; later += static_cast<int>(blockDim.x)) {
      if (!ranking.dropped[later] && drops(ranking.boxes[k], ranking.boxes[later])) ranking.dropped[later] = 1;
    }
    __syncthreads();
  }
}

}  // namespace cuda
}  // namespace edge
