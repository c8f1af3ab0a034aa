// SPDX-License-Identifier: Apache-2.0
#include <arm_neon.h>

#include "kernels_plain.hpp"

namespace edge {
namespace {

constexpr int kBytes = 16;

uint16x8_t weighed(uint8x8_t pixels, std::uint16_t weight) {
  const uint16x8_t wide = vmovl_u8(pixels);
  return vcombine_u16(vshrn_n_u32(vmull_n_u16(vget_low_u16(wide), weight), 8),
                      vshrn_n_u32(vmull_n_u16(vget_high_u16(wide), weight), 8));
}

void store_halved(std::int16_t *to, uint16x8_t value) { vst1q_s16(to, vreinterpretq_s16_u16(vshrq_n_u16(value, 1))); }

void blend_block(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
                 int i) {
  uint16x8_t low = vdupq_n_u16(static_cast<std::uint16_t>(bias)), high = low;
  for (int t = 0; t < taps; ++t) {
    const uint8x16_t pixels = vld1q_u8(rows[t] + i);
    const auto weight = static_cast<std::uint16_t>(weights[t]);
    low = vaddq_u16(low, weighed(vget_low_u8(pixels), weight));
    high = vaddq_u16(high, weighed(vget_high_u8(pixels), weight));
  }
  store_halved(line + i, low);
  store_halved(line + i + 8, high);
}

void blend_rows(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
                int count) {
  if (count < kBytes) return plain::blend_rows(rows, weights, taps, bias, line, count);
  for (int i = 0; i + kBytes <= count; i += kBytes) blend_block(rows, weights, taps, bias, line, i);
  if (count % kBytes != 0) blend_block(rows, weights, taps, bias, line, count - kBytes);
}

int16x8_t scaled(uint16x8_t sum, int shift, int weight) {
  const uint16x8_t shifted = vshlq_u16(sum, vdupq_n_s16(static_cast<std::int16_t>(shift)));
  const auto factor = static_cast<std::uint16_t>(weight);
  return vreinterpretq_s16_u16(vcombine_u16(vshrn_n_u32(vmull_n_u16(vget_low_u16(shifted), factor), 16),
                                            vshrn_n_u32(vmull_n_u16(vget_high_u16(shifted), factor), 16)));
}

void sum_block(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int i) {
  uint16x8_t low = vdupq_n_u16(0), high = low;
  for (int t = 0; t < taps; ++t) {
    const uint8x16_t pixels = vld1q_u8(rows[t] + i);
    low = vaddw_u8(low, vget_low_u8(pixels));
    high = vaddw_u8(high, vget_high_u8(pixels));
  }
  vst1q_s16(line + i, scaled(low, shift, weight));
  vst1q_s16(line + i + 8, scaled(high, shift, weight));
}

void sum_rows(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int count) {
  if (count < kBytes) return plain::sum_rows(rows, taps, shift, weight, line, count);
  for (int i = 0; i + kBytes <= count; i += kBytes) sum_block(rows, taps, shift, weight, line, i);
  if (count % kBytes != 0) sum_block(rows, taps, shift, weight, line, count - kBytes);
}

// sums[k] holds four values for output k: to[v] gets value v of outputs 0..3.
void transpose(const int32x4_t sums[4], float32x4_t to[4]) {
  const int32x4x2_t ab = vtrnq_s32(sums[0], sums[1]), cd = vtrnq_s32(sums[2], sums[3]);
  to[0] = vcvtq_f32_s32(vcombine_s32(vget_low_s32(ab.val[0]), vget_low_s32(cd.val[0])));
  to[1] = vcvtq_f32_s32(vcombine_s32(vget_low_s32(ab.val[1]), vget_low_s32(cd.val[1])));
  to[2] = vcvtq_f32_s32(vcombine_s32(vget_high_s32(ab.val[0]), vget_high_s32(cd.val[0])));
  to[3] = vcvtq_f32_s32(vcombine_s32(vget_high_s32(ab.val[1]), vget_high_s32(cd.val[1])));
}

void store_scaled(float *to, float32x4_t value, float scale, float bias) {
  vst1q_f32(to, vaddq_f32(vmulq_n_f32(value, scale), vdupq_n_f32(bias)));
}

void reduce_colour(const std::int16_t *line, const ColumnTaps &columns, int first, int last, const Planes &planes) {
  for (int o = first * kBlock; o < last * kBlock; o += 4) {
    int32x4_t sums[4];
    for (int k = 0; k < 4; ++k) sums[k] = vdupq_n_s32(0);
    for (int s = 0; s < columns.steps; ++s) {
      for (int k = 0; k < 4; ++k) {
        const int16x8_t pixels = vld1q_s16(line + columns.start[o + k] + 6 * s);
        const std::int16_t *weights = plain::weights_of(columns, o / kBlock, s, o % kBlock + k);
        sums[k] = vmlal_n_s16(sums[k], vget_low_s16(pixels), weights[0]);
        sums[k] = vmlal_n_s16(sums[k], vget_low_s16(vextq_s16(pixels, pixels, 3)), weights[1]);
      }
    }
    float32x4_t values[4];
    transpose(sums, values);
    for (int c = 0; c < 3; ++c) {
      store_scaled(planes.out[c] + o - first * kBlock, values[c], planes.scale[c], planes.bias[c]);
    }
  }
}

void reduce_grey(const std::int16_t *line, const ColumnTaps &columns, int first, int last, float *out, float scale,
                 float bias) {
  for (int o = first * kBlock; o < last * kBlock; o += 4) {
    int32x4_t sums[4];
    for (int k = 0; k < 4; ++k) sums[k] = vdupq_n_s32(0);
    for (int s = 0; s < columns.steps; ++s) {
      for (int k = 0; k < 4; ++k) {
        const int16x8_t pixels = vld1q_s16(line + columns.start[o + k] + 8 * s);
        const int16x8_t weights = vld1q_s16(plain::weights_of(columns, o / kBlock, s, o % kBlock + k));
        sums[k] = vmlal_s16(sums[k], vget_low_s16(pixels), vget_low_s16(weights));
        sums[k] = vmlal_s16(sums[k], vget_high_s16(pixels), vget_high_s16(weights));
      }
    }
    const int32x4_t four = vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
    store_scaled(out + o - first * kBlock, vcvtq_f32_s32(four), scale, bias);
  }
}

// Sums of neighbouring pairs of pixels over all rows, for sixteen pixels from `offset` on.
uint16x8x3_t pair_sums(const std::uint8_t *const *rows, int side, int offset, std::int64_t ahead) {
  uint16x8x3_t sums = {{vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)}};
  for (int t = 0; t < side; ++t) {
    __builtin_prefetch(rows[t] + offset + ahead);
    const uint8x16x3_t pixels = vld3q_u8(rows[t] + offset);
    for (int c = 0; c < 3; ++c) sums.val[c] = vpadalq_u8(sums.val[c], pixels.val[c]);
  }
  return sums;
}

void box_colour(const std::uint8_t *const *rows, int side, int blocks, std::int64_t ahead, const Planes &planes) {
  const int outputs = 16 / side;  // from sixteen pixels
  for (int o = 0; o < blocks * kBlock; o += outputs) {
    const uint16x8x3_t sums = pair_sums(rows, side, o * side * 3, ahead);
    for (int c = 0; c < 3; ++c) {
      float *to = planes.out[c] + o;
      if (side == 4) {
        store_scaled(to, vcvtq_f32_u32(vpaddlq_u16(sums.val[c])), planes.scale[c], planes.bias[c]);
        continue;
      }
      store_scaled(to, vcvtq_f32_u32(vmovl_u16(vget_low_u16(sums.val[c]))), planes.scale[c], planes.bias[c]);
      store_scaled(to + 4, vcvtq_f32_u32(vmovl_u16(vget_high_u16(sums.val[c]))), planes.scale[c], planes.bias[c]);
    }
  }
}

// Two neighbouring pixels, weighed. In the last two columns they are read from two bytes further left, so that no read
// leaves the row.
int32x4_t weigh(int32x4_t sum, const std::uint8_t *pixels, bool over, std::int32_t left, std::int32_t right) {
  uint8x8_t bytes = vld1_u8(pixels - (over ? 2 : 0));
  bytes = over ? vext_u8(bytes, bytes, 2) : bytes;
  const int16x8_t wide = vreinterpretq_s16_u16(vmovl_u8(bytes));
  sum = vmlal_n_s16(sum, vget_low_s16(wide), static_cast<std::int16_t>(left));
  return vmlal_n_s16(sum, vget_low_s16(vextq_s16(wide, wide, 3)), static_cast<std::int16_t>(right));
}

void sample_colour(const PackedPicture &picture, const SampleGrid &grid, const std::int32_t *x, const std::int32_t *y,
                   int count, float *const bgr[3]) {
  const float scale = 1.0f / (static_cast<float>(1 << kObliqueBits) * static_cast<float>(grid.kx * grid.ky));
  for (int o = 0; o < count; o += 4) {
    float32x4_t total[3] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    for (int j = 0; j < grid.ky; ++j) {
      int32x4_t sums[4];
      for (int p = 0; p < 4; ++p) sums[p] = vdupq_n_s32(0);
      for (int i = 0; i < grid.kx; ++i) {
        const std::int32_t right = grid.along_x[i] + grid.down_x[j], down = grid.along_y[i] + grid.down_y[j];
        for (int p = 0; p < 4; ++p) {
          const plain::Sample s = plain::sample_at(picture, x[o + p] + right, y[o + p] + down);
          const std::uint8_t *top = picture.pixels + s.offset;
          sums[p] = weigh(sums[p], top, s.over, s.w00, s.w10);
          sums[p] = weigh(sums[p], top + s.below, s.over, s.w01, s.w11);
        }
      }
      float32x4_t values[4];
      transpose(sums, values);
      for (int c = 0; c < 3; ++c) total[c] = vaddq_f32(total[c], values[c]);
    }
    for (int c = 0; c < 3; ++c) vst1q_f32(bgr[c] + o, vmulq_n_f32(total[c], scale));
  }
}

// Sixteen bits with 6 of them fractional; the arithmetic is bgr_from_yuv's.
int16x8_t times(int16x8_t chroma, std::int16_t factor) {
  return vcombine_s16(vshrn_n_s32(vmull_n_s16(vget_low_s16(chroma), factor), 8),
                      vshrn_n_s32(vmull_n_s16(vget_high_s16(chroma), factor), 8));
}

void planes_from_yuv(const std::uint8_t *luma, const std::uint8_t *u, const std::uint8_t *v, int pairs,
                     std::uint8_t *const bgr[3]) {
  const int16x8_t middle = vdupq_n_s16(128);
  int i = 0;
  for (; i + 8 <= pairs; i += 8) {
    const int16x8_t cb = vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(vld1_u8(u + i))), middle);
    const int16x8_t cr = vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(vld1_u8(v + i))), middle);
    const int16x8_t chroma[3] = {vaddq_s16(vshlq_n_s16(cb, 7), times(cb, 282)),
                                 vsubq_s16(vnegq_s16(times(cb, 6419)), times(cr, 13320)), times(cr, 26149)};
    const uint8x16_t y = vqsubq_u8(vld1q_u8(luma + 2 * i), vdupq_n_u8(16));
    const int16x8_t half = vdupq_n_s16(32);
    const int16x8_t low = vaddq_s16(vreinterpretq_s16_u16(weighed(vget_low_u8(y), 19077)), half);
    const int16x8_t high = vaddq_s16(vreinterpretq_s16_u16(weighed(vget_high_u8(y), 19077)), half);
    for (int c = 0; c < 3; ++c) {
      const uint8x8_t first = vqshrun_n_s16(vqaddq_s16(low, vzip1q_s16(chroma[c], chroma[c])), 6);
      const uint8x8_t second = vqshrun_n_s16(vqaddq_s16(high, vzip2q_s16(chroma[c], chroma[c])), 6);
      vst1q_u8(bgr[c] + 2 * i, vcombine_u8(first, second));
    }
  }
  plain::planes_from_yuv(luma, u, v, i, pairs, bgr);
}

}  // namespace

extern const Kernels kNeonKernels;
const Kernels kNeonKernels = {"neon",      blend_rows, sum_rows,      reduce_colour,
                              reduce_grey, box_colour, sample_colour, planes_from_yuv};

}  // namespace edge
