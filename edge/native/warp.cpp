// SPDX-License-Identifier: Apache-2.0
#include "warp.hpp"

namespace edge {
namespace {

void warp_row(const Picture &picture, const AffineMap &map, const Tensor &tensor, const Normalisation &norm,
              float *out, int y) {
  const int kx = samples_along(map.xx, map.yx), ky = samples_along(map.xy, map.yy);
  const std::size_t plane = static_cast<std::size_t>(tensor.height) * tensor.width;
  for (int x = 0; x < tensor.width; ++x) {
    const double cx = x + 0.5, cy = y + 0.5;
    float value[kMaxChannels] = {norm.pad[0], norm.pad[1], norm.pad[2]};
    if (inside(picture, map.xx * cx + map.xy * cy + map.x0, map.yx * cx + map.yy * cy + map.y0)) {
      const Colour colour = sample_area(picture, map, x, y, kx, ky);
      value[0] = tensor.channels == 1 ? luma_of(colour) : (norm.rgb ? colour.r : colour.b);
      value[1] = colour.g;
      value[2] = norm.rgb ? colour.b : colour.r;
    }
    for (int c = 0; c < tensor.channels; ++c) {
      out[c * plane + static_cast<std::size_t>(y) * tensor.width + x] = (value[c] - norm.mean[c]) / norm.std[c];
    }
  }
}

}  // namespace

void warp_normalise(const Picture &picture, const AffineMap *maps, const Tensor &tensor, const Normalisation &norm,
                    int threads) {
  (void)threads;
  const std::size_t image = static_cast<std::size_t>(tensor.channels) * tensor.height * tensor.width;
  for (int n = 0; n < tensor.count; ++n) {
    for (int y = 0; y < tensor.height; ++y) warp_row(picture, maps[n], tensor, norm, tensor.values + n * image, y);
  }
}

}  // namespace edge
