// SPDX-License-Identifier: Apache-2.0
#include "warp.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "box.hpp"
#include "oblique.hpp"
#include "separable.hpp"

namespace edge {
namespace {

constexpr int kMostThreads = 256;

template <typename Warp>
void write_rows(const Warp &warp, const Tensor &tensor, int threads, float *out) {
  const int bands = std::min({threads, tensor.height, kMostThreads});
  if (bands <= 1) return warp.write_rows(0, tensor.height, out);
  std::exception_ptr failure;
  std::mutex failing;
  const auto write_band = [&](int band) noexcept {
    try {
      warp.write_rows(tensor.height * band / bands, tensor.height * (band + 1) / bands, out);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failing);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> workers;
  workers.reserve(static_cast<std::size_t>(bands));
  int started = 1;
  try {
    for (; started < bands; ++started) workers.emplace_back(write_band, started);
  } catch (const std::system_error &) {  // no more threads to be had: this one does the rest
  }
  write_band(0);
  for (; started < bands; ++started) write_band(started);
  for (std::thread &worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void write_padding(const Tensor &tensor, const Normalisation &norm, int y, Interval inside, float *out) {
  const std::size_t plane = static_cast<std::size_t>(tensor.height) * tensor.width;
  float *row = out + static_cast<std::size_t>(y) * tensor.width;
  for (int c = 0; c < tensor.channels; ++c, row += plane) {
    const float pad = (norm.pad[c] - norm.mean[c]) / norm.std[c];
    std::fill(row, row + inside.first, pad);
    std::fill(row + inside.last, row + tensor.width, pad);
  }
}

void warp_normalise(const Picture &picture, const AffineMap *maps, const Tensor &tensor, const Normalisation &norm,
                    int threads) {
  const std::size_t image = static_cast<std::size_t>(tensor.channels) * tensor.height * tensor.width;
  for (int n = 0; n < tensor.count; ++n) {
    float *out = tensor.values + n * image;
    if (BoxWarp::fits(picture, maps[n], tensor)) {
      write_rows(BoxWarp(picture, maps[n], tensor, norm), tensor, threads, out);
    } else if (axis_aligned(maps[n], tensor.width, tensor.height)) {
      write_rows(SeparableWarp(picture, maps[n], tensor, norm), tensor, threads, out);
    } else {
      write_rows(ObliqueWarp(picture, maps[n], tensor, norm), tensor, threads, out);
    }
  }
}

}  // namespace edge
