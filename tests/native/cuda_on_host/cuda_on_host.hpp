// SPDX-License-Identifier: Apache-2.0
// As much of CUDA C++ as the kernels use, on the processor: the threads of a block are fibers that take turns wherever
// they wait for each other. Only one block runs at a time, so what its threads share is a variable of the host's
// thread.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__ thread_local
#define __grid_constant__
#define __launch_bounds__(threads)

struct uint3 {
  unsigned x, y, z;
};
struct float4 {
  float x, y, z, w;
};

inline uint3 threadIdx, blockIdx, blockDim;

namespace on_host {

constexpr int kLanes = 32;
constexpr std::size_t kStackBytes = 128 * 1024;

// Where threads wait until all that are to come have come.
struct Barrier {
  int arrived = 0;
  int round = 0;
};

struct Block {
  std::vector<ucontext_t> contexts;
  std::vector<bool> done;
  std::vector<Barrier> warps;
  std::vector<std::uint64_t> exchanged;  // a word of each thread
  Barrier all;
  ucontext_t scheduler;
  std::function<void()> kernel;
  int alive = 0;
  int running = 0;
  bool progress = false;
};

inline Block *block = nullptr;

inline void yield() { swapcontext(&block->contexts[block->running], &block->scheduler); }

inline void release_if_complete(Barrier &barrier, int expected) {
  if (barrier.arrived == 0 || barrier.arrived < expected) return;
  barrier.arrived = 0;
  ++barrier.round;
}

inline void wait_at(Barrier &barrier, int expected) {
  const int round = barrier.round;
  block->progress = true;
  ++barrier.arrived;
  release_if_complete(barrier, expected);
  while (barrier.round == round) yield();
}

inline void run_thread() {
  block->kernel();
  block->done[block->running] = true;
  block->progress = true;
  --block->alive;
  release_if_complete(block->all, block->alive);
  yield();
}

inline void prepare(ucontext_t &context, std::vector<char> &stack) {
  getcontext(&context);
  context.uc_stack.ss_sp = stack.data();
  context.uc_stack.ss_size = stack.size();
  context.uc_link = nullptr;
  makecontext(&context, run_thread, 0);
}

// Runs the threads of one block in the given order until all are done.
inline void run_block(int threads, const std::vector<int> &order, const std::function<void()> &kernel) {
  Block own;
  own.kernel = kernel;
  own.alive = threads;
  own.contexts.resize(threads);
  static std::vector<std::vector<char>> stacks;  // kept, for it takes long to make them
  while (static_cast<int>(stacks.size()) < threads) stacks.emplace_back(kStackBytes);
  own.done.assign(threads, false);
  own.warps.resize((threads + kLanes - 1) / kLanes);
  own.exchanged.assign(threads, 0);
  block = &own;
  for (int t = 0; t < threads; ++t) prepare(own.contexts[t], stacks[t]);
  while (own.alive > 0) {
    own.progress = false;
    for (const int t : order) {
      if (own.done[t]) continue;
      own.running = t;
      threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
      swapcontext(&own.scheduler, &own.contexts[t]);
    }
    if (!own.progress) throw std::runtime_error("threads wait for others that never come");
  }
  block = nullptr;
}

// Every lane of the warp gives a value and reads that of another.
template <typename Value>
Value exchange(Value value, int other) {
  static_assert(sizeof(Value) <= sizeof(std::uint64_t));
  const int thread = block->running, warp = thread / kLanes;
  std::memcpy(&block->exchanged[thread], &value, sizeof value);
  wait_at(block->warps[warp], kLanes);
  Value theirs;
  std::memcpy(&theirs, &block->exchanged[warp * kLanes + other], sizeof theirs);
  wait_at(block->warps[warp], kLanes);
  return theirs;
}

}  // namespace on_host

inline void __syncthreads() { on_host::wait_at(on_host::block->all, on_host::block->alive); }

template <typename Value>
Value __shfl_xor_sync(unsigned, Value value, int step) {
  return on_host::exchange(value, (on_host::block->running % on_host::kLanes) ^ step);
}

inline int __all_sync(unsigned lanes, int predicate) {
  for (int step = on_host::kLanes / 2; step > 0; step /= 2) predicate &= __shfl_xor_sync(lanes, predicate, step);
  return predicate;
}

inline int atomicAdd(int *word, int value) { return (*word += value) - value; }
inline int atomicOr(int *word, int value) {
  const int before = *word;
  *word |= value;
  return before;
}

template <typename Value>
Value __ldg(const Value *pointer) {
  if (reinterpret_cast<std::uintptr_t>(pointer) % sizeof(Value) != 0) std::abort();
  return *pointer;
}

inline float __uint_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(high) << 32 | low;
  unsigned picked = 0;
  for (int k = 0; k < 4; ++k) picked |= static_cast<unsigned>(bytes >> (8 * (selector >> 4 * k & 7)) & 255) << 8 * k;
  return picked;
}

inline float __fdividef(float a, float b) { return a / b; }

inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

using std::max;
using std::min;
