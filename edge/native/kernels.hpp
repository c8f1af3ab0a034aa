// SPDX-License-Identifier: Apache-2.0
// The inner loops of the warp, one table of functions for each instruction set; all give the same bits.
//
// Fixed point: a line holds pixels with 7 fractional bits (0..32640); a row weight has 16 bits and a weight of a column
// has 15 and is negative, so that exactly 1 can be written (-32768); an oblique weight has 14.
#pragma once

#include <cstdint>

namespace edge {

constexpr int kBlock = 16;  // output columns that a kernel makes at once
constexpr int kLineBits = 7;
constexpr int kColumnBits = 15;
constexpr int kObliqueBits = 14;
constexpr int kPositionBits = 16;  // fractional bits of an oblique position
constexpr int kObliqueGroup = 8;   // output pixels that sample_colour makes at once

// Weights of whole blocks of output columns. `weights` is [block][step][k][j][8] for output 4 * j + k of the block: a
// step is two colour pixels, with their weights four times, or eight grey pixels, with a weight each.
struct ColumnTaps {
  const std::int32_t *start;  // first element in the line, for each output
  const std::int16_t *weights;
  int steps;
};

// Three planes of output, in the order blue, green, red: out = reduced * scale + bias.
struct Planes {
  float *out[3];
  float scale[3];
  float bias[3];
};

// Three bytes a pixel, at least three pixels wide.
struct PackedPicture {
  const std::uint8_t *pixels;
  std::int64_t row_stride;
  int width;
  int height;
};

// Offsets of the samples of one output pixel, in source pixels with kPositionBits: sample (i, j) lies at
// (along_x[i] + down_x[j], along_y[i] + down_y[j]) from the pixel's corner.
struct SampleGrid {
  const std::int32_t *along_x;
  const std::int32_t *along_y;
  const std::int32_t *down_x;
  const std::int32_t *down_y;
  int kx;
  int ky;
};

struct Kernels {
  const char *name;

  // line[i] = sum of rows[t][i] * weights[t]; `bias` makes up for what the products lose by truncation.
  void (*blend_rows)(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias,
                     std::int16_t *line, int count);

  // line[i] = (sum of rows[t][i]) << shift, times weight / 65536; at most 128 rows.
  void (*sum_rows)(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int count);

  // Blocks [first, last) of output columns; planes.out points to where block `first` goes.
  void (*reduce_colour)(const std::int16_t *line, const ColumnTaps &columns, int first, int last, const Planes &planes);
  void (*reduce_grey)(const std::int16_t *line, const ColumnTaps &columns, int first, int last, float *out, float scale,
                      float bias);

  // The same for squares of side * side source pixels, side 2 or 4, that lie next to each other from `rows[t]` on:
  // planes get the sum of a square, scaled. Reads only the squares of `blocks` blocks, and asks memory for those
  // `ahead` bytes on.
  void (*box_colour)(const std::uint8_t *const *rows, int side, int blocks, std::int64_t ahead, const Planes &planes);

  // Mean colour of output pixels with corners (x[i], y[i]); count is a multiple of kObliqueGroup.
  void (*sample_colour)(const PackedPicture &picture, const SampleGrid &grid, const std::int32_t *x,
                        const std::int32_t *y, int count, float *const bgr[3]);

  // `pairs` pairs of pixels that share chroma, into planes.
  void (*planes_from_yuv)(const std::uint8_t *luma, const std::uint8_t *u, const std::uint8_t *v, int pairs,
                          std::uint8_t *const bgr[3]);
};

// Every table this processor can run, slowest first; ends with a null pointer.
const Kernels *const *available_kernels();

// The table in use: the fastest, unless use_kernels named another.
const Kernels &kernels();

// False when this processor has no table of that name.
bool use_kernels(const char *name);

}  // namespace edge
