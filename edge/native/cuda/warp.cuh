// SPDX-License-Identifier: Apache-2.0
// The warp of pixel.hpp for axis-aligned maps: a block weighs the rows under a row of outputs into a line in shared
// memory, each byte read once, and then the columns of the line.
#pragma once

#include "rows.hpp"
#include "sources.cuh"
#include "values.cuh"

namespace edge {
namespace cuda {

constexpr int kMostThreads = 256;
constexpr int kMostRows = kMostShrinkage + 8;  // under one output
constexpr int kFringePx = 12;                  // of a line: what lies between whole groups and its first and last pixel

// Room for four more values after every 32 keeps columns that lie a power of two apart out of the same bank.
__device__ inline int place_in_line(int value) { return value + (value >> 5 << 2); }

// One picture and where it goes.
struct WarpJob {
  const Picture &picture;
  const Axis &x;
  const Axis &y;
  const Levels &levels;
  const TensorView &out;
  int n;  // picture of the tensor
};

// The rows under one row of outputs. Where all weigh the same, `weights` are not used.
struct RowsUnder {
  Interval rows;
  bool equal;
  const float *weights;
};

// No sample of the output is moved to the border.
__device__ inline bool unclamped(const Axis &axis, int output) {
  const std::int64_t a = axis.first + axis.step * output, b = a + axis.between * (axis.samples - 1);
  const std::int64_t last = (axis.source_length - 1) * kAxisOne;
  return (a < b ? a : b) >= 0 && (a < b ? b : a) <= last;
}

// Calls `take(raw, k)` for this thread's group of each row; many rows are on their way from memory together.
template <class Source, bool fast, typename Take>
__device__ inline void each_row(const Picture &picture, Interval rows, int group, Take take) {
  for (int first = rows.first; first < rows.last; first += Source::kBatch) {
    typename Source::Raw raw[Source::kBatch];
#pragma unroll
    for (int k = 0; k < Source::kBatch; ++k) {
      if (first + k < rows.last) raw[k] = Source::template load<fast>(picture, first + k, group);
    }
#pragma unroll
    for (int k = 0; k < Source::kBatch; ++k) {
      if (first + k < rows.last) take(raw[k], first + k - rows.first);
    }
  }
}

template <class Source, bool fast>
__device__ inline void sum_rows(const Picture &picture, const RowsUnder &under, int group, float *sums) {
  if (under.equal) {
    typename Source::Packed packed;
    each_row<Source, fast>(picture, under.rows, group,
                           [&](const typename Source::Raw &raw, int) { Source::add(raw, packed); });
    Source::unpack(packed, sums);
    return;
  }
#pragma unroll
  for (int k = 0; k < Source::kValues; ++k) sums[k] = 0.0f;
  each_row<Source, fast>(picture, under.rows, group,
                         [&](const typename Source::Raw &raw, int k) { Source::add(raw, under.weights[k], sums); });
}

// Fills the line with groups [first, last): sums of rows that weigh the same, or weighted means.
template <class Source>
__device__ inline void weigh_rows(const Picture &picture, const RowsUnder &under, int first, int last, float *line) {
  const bool aligned = Source::aligned(picture);
  for (int group = first + static_cast<int>(threadIdx.x); group < last; group += static_cast<int>(blockDim.x)) {
    float sums[Source::kValues];
    if (aligned && Source::within_row(picture, group)) {
      sum_rows<Source, true>(picture, under, group, sums);
    } else {
      sum_rows<Source, false>(picture, under, group, sums);
    }
#pragma unroll
    for (int k = 0; k < Source::kValues; k += 4) {
      const int at = place_in_line((group - first) * Source::kValues + k);
      *reinterpret_cast<float4 *>(line + at) = make_float4(sums[k], sums[k + 1], sums[k + 2], sums[k + 3]);
    }
  }
}

// The sum of the samples of channel `channel` of one output; the line begins with value `line_first` of the row.
template <class Source>
__device__ inline float column_sum(const float *line, int line_first, const Axis &axis, int output, int channel) {
  float sum = 0.0f;
  const int shift = channel - line_first;
  if (axis.whole) {
    const int start = pixel_of(axis.first) + pixel_of(axis.step) * output, between = pixel_of(axis.between);
    const int end = start + between * (axis.samples - 1);
    if (min(start, end) >= 0 && max(start, end) < axis.source_length) {
      int value = start * Source::kChannels + shift;
#pragma unroll 4
      for (int i = 0; i < axis.samples; ++i, value += between * Source::kChannels) sum += line[place_in_line(value)];
      return sum;
    }
  }
  for (int i = 0; i < axis.samples; ++i) {
    const std::int64_t position = sample_position(axis, output, i);
    const int value = pixel_of(position) * Source::kChannels + shift;
    const float fraction = fraction_of(position), near = line[place_in_line(value)];
    const float far = fraction > 0.0f ? line[place_in_line(value + Source::kChannels)] : near;
    sum += near + (far - near) * fraction;
  }
  return sum;
}

template <class Source>
__device__ inline float output_sum(const float *line, int line_first, const WarpJob &job, int output, int channel) {
  if (Source::kChannels == 1) return column_sum<Source>(line, line_first, job.x, output, 0);
  if (job.out.channels == 1) {
    return luma_of({column_sum<Source>(line, line_first, job.x, output, 0),
                    column_sum<Source>(line, line_first, job.x, output, 1),
                    column_sum<Source>(line, line_first, job.x, output, 2)});
  }
  return column_sum<Source>(line, line_first, job.x, output, job.levels.rgb ? 2 - channel : channel);
}

// Outputs [first, last) of row y in all channels, `share` times the line's samples; a null line means padding.
template <class Source>
__device__ inline void write_outputs(const float *line, int line_first, float share, const WarpJob &job, int y,
                                     int first, int last) {
  const int columns = last - first;
  for (int i = static_cast<int>(threadIdx.x); i < columns * job.out.channels; i += static_cast<int>(blockDim.x)) {
    const int channel = (i >= columns) + (i >= 2 * columns);
    const int output = first + i - channel * columns;
    const bool padding = line == nullptr || !inside(job.x, output);
    const float value =
        padding ? job.levels.pad[channel] : share * output_sum<Source>(line, line_first, job, output, channel);
    const std::int64_t row = (static_cast<std::int64_t>(job.n) * job.out.channels + channel) * job.out.height + y;
    store_value(job.out.values, row * job.out.width + output, job.out.dtype,
                __fdividef(value - job.levels.mean[channel], job.levels.std[channel]));
  }
}

// Outputs [first, last) of row y, `step` at a time: as many as a line holds. All threads of the block come here.
template <class Source>
__device__ inline void warp_row(const WarpJob &job, int y, int first, int last, int step, float *line) {
  __shared__ float weights[kMostRows];
  if (!inside(job.y, y)) return write_outputs<Source>(nullptr, 0, 0.0f, job, y, first, last);
  const RowsUnder under = {pixels_under(job.y, y, y + 1), job.y.whole && unclamped(job.y, y), weights};
  if (!under.equal) {
    const int rows = under.rows.last - under.rows.first;
    for (int i = static_cast<int>(threadIdx.x); i < rows; i += static_cast<int>(blockDim.x)) {
      weights[i] = weight_of(job.y, y, under.rows.first + i);
    }
    __syncthreads();
  }
  const int weight = job.x.samples * (under.equal ? under.rows.last - under.rows.first : 1);
  const float share = 1.0f / static_cast<float>(weight);
  for (int from = first; from < last; from += step) {
    const int to = min(from + step, last);
    const Interval pixels = pixels_under(job.x, from, to);
    const int first_group = pixels.first * Source::kChannels / Source::kValues;
    const int last_group = (pixels.last * Source::kChannels + Source::kValues - 1) / Source::kValues;
    weigh_rows<Source>(job.picture, under, first_group, last_group, line);
    __syncthreads();
    write_outputs<Source>(line, first_group * Source::kValues, share, job, y, from, to);
    __syncthreads();
  }
}

template <class Source>
__device__ inline void warp_frame(const WarpFrame &task, float *line) {
  const int n = static_cast<int>(blockIdx.z);
  Picture picture = task.picture;
  picture.pixels += n * task.picture_bytes;
  if (picture.chroma != nullptr) picture.chroma += n * task.picture_bytes;
  const WarpJob job = {picture, task.x, task.y, task.levels, task.out, n};
  const int first = static_cast<int>(blockIdx.x) * task.tile_px, last = min(first + task.tile_px, task.out.width);
  const int top = static_cast<int>(blockIdx.y) * task.rows_a_block;
  for (int y = top; y < min(top + task.rows_a_block, task.out.height); ++y) {
    warp_row<Source>(job, y, first, last, task.tile_px, line);
  }
}

template <class Source>
__device__ inline void warp_crop(const WarpCrops &task, float *line) {
  __shared__ Axis axes[2];
  const int n = static_cast<int>(blockIdx.z);
  if (n >= rows_to_do(task.count, task.out.count)) return;
  if (threadIdx.x < 2) {  // double precision is slow on some processors: no more threads than needed
    AffineMap map;
    const bool usable = crop_map(task, n, &map), along_x = threadIdx.x == 0;
    axes[threadIdx.x] = axis_along(along_x ? map.xx : map.yy, along_x ? map.x0 : map.y0,
                                   along_x ? task.picture.width : task.picture.height);
    if (along_x && blockIdx.y == 0) {
      double *to = task.maps + 6 * n;
      to[0] = map.xx, to[1] = map.xy, to[2] = map.x0;
      to[3] = map.yx, to[4] = map.yy, to[5] = map.y0;
      if (!usable) set_fault(task.fault);
    }
  }
  __syncthreads();
  const WarpJob job = {task.picture, axes[0], axes[1], task.levels, task.out, n};
  const float scale = static_cast<float>(axes[0].step) * (1.0f / 4294967296.0f);
  const int line_px = task.line_values * 4 / 5 / Source::kChannels - kFringePx;
  const int fitting = static_cast<int>(static_cast<float>(line_px) / fmaxf(scale, 0.01f));
  const int step = min(max(fitting, 1), task.out.width);
  const int top = static_cast<int>(blockIdx.y) * task.rows_a_block;
  for (int y = top; y < min(top + task.rows_a_block, task.out.height); ++y) {
    warp_row<Source>(job, y, 0, task.out.width, step, line);
  }
}

}  // namespace cuda
}  // namespace edge
