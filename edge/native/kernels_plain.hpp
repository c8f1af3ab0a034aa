// SPDX-License-Identifier: Apache-2.0
// The kernels in plain C++: the definition that every instruction set must reproduce, and what it uses for short ends.
// Everything is static inline because this file is compiled once for each instruction set.
#pragma once

#include <cstddef>

#include "kernels.hpp"
#include "pixel.hpp"

namespace edge {
namespace plain {

static inline void blend_rows(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias,
                              std::int16_t *line, int count) {
  for (int i = 0; i < count; ++i) {
    unsigned sum = static_cast<unsigned>(bias);
    for (int t = 0; t < taps; ++t) sum += rows[t][i] * (weights[t] & 0xffffu) >> 8;
    line[i] = static_cast<std::int16_t>(sum >> 1);
  }
}

static inline void sum_rows(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line,
                            int count) {
  for (int i = 0; i < count; ++i) {
    unsigned sum = 0;
    for (int t = 0; t < taps; ++t) sum += rows[t][i];
    line[i] = static_cast<std::int16_t>((sum << shift) * static_cast<unsigned>(weight) >> 16);
  }
}

static inline const std::int16_t *weights_of(const ColumnTaps &columns, int block, int step, int within) {
  const int lane = (within % 4) * 4 + within / 4;
  return columns.weights + ((static_cast<std::size_t>(block) * columns.steps + step) * kBlock + lane) * 8;
}

static inline void reduce_colour(const std::int16_t *line, const ColumnTaps &columns, int first, int last,
                                 const Planes &planes) {
  for (int o = first * kBlock; o < last * kBlock; ++o) {
    std::int32_t sum[3] = {0, 0, 0};
    for (int s = 0; s < columns.steps; ++s) {
      const std::int16_t *w = weights_of(columns, o / kBlock, s, o % kBlock);
      const std::int16_t *from = line + columns.start[o] + 6 * s;
      for (int c = 0; c < 3; ++c) sum[c] += from[c] * w[0] + from[c + 3] * w[1];
    }
    for (int c = 0; c < 3; ++c) {
      planes.out[c][o - first * kBlock] = static_cast<float>(sum[c]) * planes.scale[c] + planes.bias[c];
    }
  }
}

static inline void reduce_grey(const std::int16_t *line, const ColumnTaps &columns, int first, int last, float *out,
                               float scale, float bias) {
  for (int o = first * kBlock; o < last * kBlock; ++o) {
    std::int32_t sum = 0;
    for (int s = 0; s < columns.steps; ++s) {
      const std::int16_t *w = weights_of(columns, o / kBlock, s, o % kBlock);
      const std::int16_t *from = line + columns.start[o] + 8 * s;
      for (int t = 0; t < 8; ++t) sum += from[t] * w[t];
    }
    out[o - first * kBlock] = static_cast<float>(sum) * scale + bias;
  }
}

static inline void box_colour(const std::uint8_t *const *rows, int side, int blocks, std::int64_t,
                              const Planes &planes) {
  for (int o = 0; o < blocks * kBlock; ++o) {
    for (int c = 0; c < 3; ++c) {
      int sum = 0;
      for (int t = 0; t < side; ++t) {
        for (int i = 0; i < side; ++i) sum += rows[t][(o * side + i) * 3 + c];
      }
      planes.out[c][o] = static_cast<float>(sum) * planes.scale[c] + planes.bias[c];
    }
  }
}

// Where a bilinear sample reads and how it weighs: the pixel at `offset`, its right neighbour, and the two below.
struct Sample {
  std::int64_t offset;
  std::int64_t below;  // bytes from a row to the next
  std::int32_t w00, w10, w01, w11;
  bool over;  // eight bytes from `offset` on would leave the row
};

static inline Sample sample_at(const PackedPicture &picture, std::int32_t position_x, std::int32_t position_y) {
  constexpr int kDrop = kPositionBits - kObliqueBits;
  const std::int32_t x = clamp_int(position_x, 0, (picture.width - 1) << kPositionBits);
  const std::int32_t y = clamp_int(position_y, 0, (picture.height - 1) << kPositionBits);
  const int column = clamp_int(x >> kPositionBits, 0, picture.width - 2);
  const int row = picture.height > 1 ? clamp_int(y >> kPositionBits, 0, picture.height - 2) : 0;
  const std::int32_t fx = (x - (column << kPositionBits)) >> kDrop, fy = (y - (row << kPositionBits)) >> kDrop;
  Sample sample;
  sample.offset = row * picture.row_stride + column * 3;
  sample.over = column > picture.width - 3;
  sample.below = picture.height > 1 ? picture.row_stride : 0;
  sample.w11 = (fx * fy) >> kObliqueBits;
  sample.w10 = fx - sample.w11;
  sample.w01 = fy - sample.w11;
  sample.w00 = (1 << kObliqueBits) - fx - sample.w01;
  return sample;
}

static inline void sample_colour(const PackedPicture &picture, const SampleGrid &grid, const std::int32_t *x,
                                 const std::int32_t *y, int count, float *const bgr[3]) {
  const float scale = 1.0f / (static_cast<float>(1 << kObliqueBits) * static_cast<float>(grid.kx * grid.ky));
  for (int o = 0; o < count; ++o) {
    float total[3] = {0, 0, 0};
    for (int j = 0; j < grid.ky; ++j) {
      std::int32_t sum[3] = {0, 0, 0};
      for (int i = 0; i < grid.kx; ++i) {
        const Sample s =
            sample_at(picture, x[o] + grid.along_x[i] + grid.down_x[j], y[o] + grid.along_y[i] + grid.down_y[j]);
        const std::uint8_t *top = picture.pixels + s.offset, *bottom = top + s.below;
        for (int c = 0; c < 3; ++c) {
          sum[c] += s.w00 * top[c] + s.w10 * top[c + 3] + s.w01 * bottom[c] + s.w11 * bottom[c + 3];
        }
      }
      for (int c = 0; c < 3; ++c) total[c] += static_cast<float>(sum[c]);
    }
    for (int c = 0; c < 3; ++c) bgr[c][o] = total[c] * scale;
  }
}

static inline void planes_from_yuv(const std::uint8_t *luma, const std::uint8_t *u, const std::uint8_t *v, int first,
                                   int pairs, std::uint8_t *const bgr[3]) {
  std::uint8_t *const blue = bgr[0], *const green = bgr[1], *const red = bgr[2];
  for (int i = first; i < pairs; ++i) {
    for (int k = 2 * i; k < 2 * i + 2; ++k) {
      int b, g, r;
      bgr_from_yuv(luma[k], u[i], v[i], &b, &g, &r);
      blue[k] = static_cast<std::uint8_t>(b);
      green[k] = static_cast<std::uint8_t>(g);
      red[k] = static_cast<std::uint8_t>(r);
    }
  }
}

}  // namespace plain
}  // namespace edge
