// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels as a library for the processor: slow, but the same code thread for thread.
#include <cstdio>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include "cuda_on_host.hpp"
// The kernels come after what takes CUDA's place.
#include "cuda/kernels.cu"

namespace {

constexpr int kMostLineValues = 16 * 1024;

template <typename Task>
std::function<void(const void *)> kernel(void (*run)(const Task)) {
  return [run](const void *args) {
    Task task;
    std::memcpy(&task, args, sizeof task);
    run(task);
  };
}

const std::map<std::string, std::function<void(const void *)>> kKernels = {
    {"edge_warp_frame_bgr", kernel(edge_warp_frame_bgr)},
    {"edge_warp_frame_gray", kernel(edge_warp_frame_gray)},
    {"edge_warp_frame_nv12", kernel(edge_warp_frame_nv12)},
    {"edge_warp_frame_yuyv", kernel(edge_warp_frame_yuyv)},
    {"edge_warp_crops_bgr", kernel(edge_warp_crops_bgr)},
    {"edge_warp_crops_gray", kernel(edge_warp_crops_gray)},
    {"edge_warp_crops_nv12", kernel(edge_warp_crops_nv12)},
    {"edge_warp_crops_yuyv", kernel(edge_warp_crops_yuyv)},
    {"edge_decode_boxes", kernel(edge_decode_boxes)},
    {"edge_locate_simcc", kernel(edge_locate_simcc)},
    {"edge_best_classes", kernel(edge_best_classes)},
    {"edge_probability_of", kernel(edge_probability_of)},
    {"edge_join_second_look", kernel(edge_join_second_look)},
    {"edge_locate_peaks", kernel(edge_locate_peaks)},
    {"edge_label_masks", kernel(edge_label_masks)},
    {"edge_normalise_keypoints", kernel(edge_normalise_keypoints)},
};

}  // namespace

// What blocks share, guarded by numbers that no kernel writes.
thread_local float4 edge_line[kMostLineValues / 4];

// Runs a launch with the threads of each block in an order that `seed` shuffles; 0 is ascending. Shared memory begins
// as not-a-number. Returns 0, 1 for a name or size that is none, 2 for threads that wait forever, 3 for a write behind
// the shared memory that was asked for.
extern "C" int run_kernel(const char *name, const int *grid, const int *size, const void *args, int shared_bytes,
                          unsigned seed) {
  const auto found = kKernels.find(name);
  const int threads = size[0] * size[1] * size[2];
  if (found == kKernels.end() || shared_bytes > static_cast<int>(sizeof edge_line)) return 1;
  blockDim = {static_cast<unsigned>(size[0]), static_cast<unsigned>(size[1]), static_cast<unsigned>(size[2])};
  std::vector<int> order(threads);
  std::iota(order.begin(), order.end(), 0);
  if (seed != 0) std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  float *line = reinterpret_cast<float *>(edge_line);
  try {
    for (int z = 0; z < grid[2]; ++z) {
      for (int y = 0; y < grid[1]; ++y) {
        for (int x = 0; x < grid[0]; ++x) {
          std::fill_n(line, kMostLineValues, NAN);
          blockIdx = {static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z)};
          on_host::run_block(threads, order, [&] { found->second(args); });
          const bool beyond = std::any_of(line + shared_bytes / sizeof(float), line + kMostLineValues,
                                          [](float value) { return !std::isnan(value); });
          if (beyond) return 3;
        }
      }
    }
  } catch (const std::runtime_error &error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 2;
  }
  return 0;
}
