// SPDX-License-Identifier: Apache-2.0
#include "oblique.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "rows.hpp"

namespace edge {
namespace {

constexpr int kRunPx = 64;             // a multiple of kObliqueGroup
constexpr int kTilePx = 16;            // output side of a tile, where the source is not shrunk
constexpr double kTileSourcePx = 128;  // a tile's side in the source, where it is
constexpr int kLongestSide = 30000;    // positions have 16 bits for whole pixels
constexpr int kNarrowest = 3;          // a vector load of two pixels reads eight bytes

// Rounds by adding a number so large that the fraction falls off the end: unlike lround, this becomes vector code.
std::int32_t fixed(double position) {
  const double sum = position * (1 << kPositionBits) + 6755399441055744.0;
  std::int64_t bits;
  std::memcpy(&bits, &sum, sizeof bits);
  return static_cast<std::int32_t>(bits);
}

double longest_column(const AffineMap &map) { return std::max(std::hypot(map.xx, map.yx), std::hypot(map.xy, map.yy)); }

// A picture in `copy` of the rectangle's pixels, widened by its last column where it is too narrow for the kernels.
PackedPicture packed_copy(const Picture &picture, int x0, int y0, int x1, int y1, std::vector<std::uint8_t> &copy) {
  const int width = std::max(x1 - x0, kNarrowest);
  const std::int64_t row_bytes = static_cast<std::int64_t>(width) * 3;
  copy.resize(static_cast<std::size_t>(row_bytes) * (y1 - y0));
  copy_bgr(picture, x0, y0, x1, y1, copy.data(), row_bytes);
  for (int y = 0; y < y1 - y0; ++y) {
    std::uint8_t *row = copy.data() + y * row_bytes;
    for (int x = x1 - x0; x < width; ++x) std::copy_n(row + 3 * (x - 1), 3, row + 3 * x);
  }
  return {copy.data(), row_bytes, width, y1 - y0};
}

}  // namespace

ObliqueWarp::ObliqueWarp(const Picture &picture, const AffineMap &map, const Tensor &tensor, const Normalisation &norm)
    : picture_(picture),
      map_(map),
      tensor_(tensor),
      norm_(norm),
      kx_(samples_along(map.xx, map.yx)),
      ky_(samples_along(map.xy, map.yy)),
      reading_(reading_of(picture)) {
  const auto centre_inside = [&](int x, int y) {
    const double cx = x + 0.5, cy = y + 0.5;
    return inside(picture, map.xx * cx + map.xy * cy + map.x0, map.yx * cx + map.yy * cy + map.y0);
  };
  for (int y = 0; y < tensor.height; ++y) {
    Run run{0, tensor.width, y};
    while (run.first < run.last && !centre_inside(run.first, y)) ++run.first;
    while (run.last > run.first && !centre_inside(run.last - 1, y)) --run.last;
    inside_.push_back(run);
  }
  if (reading_ == Reading::kDefinition) return;
  for (int i = 0; i < kx_; ++i) offsets_.push_back(fixed(map.xx * (i + 0.5) / kx_));
  for (int i = 0; i < kx_; ++i) offsets_.push_back(fixed(map.yx * (i + 0.5) / kx_));
  for (int j = 0; j < ky_; ++j) offsets_.push_back(fixed(map.xy * (j + 0.5) / ky_));
  for (int j = 0; j < ky_; ++j) offsets_.push_back(fixed(map.yy * (j + 0.5) / ky_));
}

ObliqueWarp::Reading ObliqueWarp::reading_of(const Picture &picture) const {
  if (longest_column(map_) > kMaxSamples) return Reading::kDefinition;
  const bool packed = picture.format == kBgr && picture.column_stride == 3 && picture.channel_stride == 1;
  const bool sides = picture.width >= kNarrowest && std::max(picture.width, picture.height) <= kLongestSide;
  const bool near = std::abs(picture.row_stride) * picture.height <= INT32_MAX;
  return packed && sides && near ? Reading::kInPlace : Reading::kTiles;
}

void ObliqueWarp::write_rows(int first, int last, float *out) const {
  for (int y = first; y < last; ++y) {
    const Run &run = inside_[static_cast<std::size_t>(y)];
    write_padding(tensor_, norm_, y, {run.first, run.last}, out);
  }
  if (reading_ == Reading::kDefinition) {
    for (int y = first; y < last; ++y) write_definition(inside_[static_cast<std::size_t>(y)], out);
    return;
  }
  if (reading_ == Reading::kInPlace) {
    const PackedPicture source{picture_.pixels, picture_.row_stride, picture_.width, picture_.height};
    for (int y = first; y < last; ++y) write_run(source, {0, 0}, inside_[static_cast<std::size_t>(y)], out);
    return;
  }
  const int side = std::clamp(static_cast<int>(kTileSourcePx / std::max(1.0, longest_column(map_))), 1, kTilePx);
  std::vector<std::uint8_t> copy;
  for (int y = first; y < last; y += side) {
    for (int x = 0; x < tensor_.width; x += side) {
      Run runs[kTilePx];
      int count = 0;
      for (int row = y; row < std::min(y + side, last); ++row) {
        const Run &whole = inside_[static_cast<std::size_t>(row)];
        const Run part{std::max(whole.first, x), std::min(whole.last, x + side), row};
        if (part.first < part.last) runs[count++] = part;
      }
      if (count != 0) write_tile(runs, count, out, copy);
    }
  }
}

// Copies the rectangle of the source that the runs can reach, so that any format and any strides read alike.
void ObliqueWarp::write_tile(const Run *runs, int count, float *out, std::vector<std::uint8_t> &copy) const {
  double low_x = picture_.width, low_y = picture_.height, high_x = 0, high_y = 0;
  for (int r = 0; r < count; ++r) {
    for (const int x : {runs[r].first, runs[r].last}) {
      for (const int y : {runs[r].y, runs[r].y + 1}) {
        const double source_x = map_.xx * x + map_.xy * y + map_.x0, source_y = map_.yx * x + map_.yy * y + map_.y0;
        low_x = std::min(low_x, source_x), high_x = std::max(high_x, source_x);
        low_y = std::min(low_y, source_y), high_y = std::max(high_y, source_y);
      }
    }
  }
  const int x0 = static_cast<int>(std::max(0.0, low_x - 2)), y0 = static_cast<int>(std::max(0.0, low_y - 2));
  const int x1 = static_cast<int>(std::min<double>(picture_.width, high_x + 3));
  const int y1 = static_cast<int>(std::min<double>(picture_.height, high_y + 3));
  const PackedPicture source = packed_copy(picture_, x0, y0, x1, y1, copy);
  for (int r = 0; r < count; ++r) write_run(source, {x0, y0}, runs[r], out);
}

void ObliqueWarp::write_run(const PackedPicture &source, Origin origin, const Run &run, float *out) const {
  const SampleGrid grid{
      offsets_.data(), offsets_.data() + kx_, offsets_.data() + 2 * kx_, offsets_.data() + 2 * kx_ + ky_, kx_, ky_};
  std::int32_t x[kRunPx], y[kRunPx];
  float colour[3][kRunPx];
  float *const bgr[3] = {colour[0], colour[1], colour[2]};
  for (int from = run.first; from < run.last; from += kRunPx) {
    const Run part{from, std::min(from + kRunPx, run.last), run.y};
    const int count = part.last - part.first, padded = (count + kObliqueGroup - 1) / kObliqueGroup * kObliqueGroup;
    for (int i = 0; i < padded; ++i) {
      const int column = std::min(from + i, part.last - 1);
      x[i] = fixed(map_.xx * column + map_.xy * run.y + map_.x0 - 0.5 - origin.x);
      y[i] = fixed(map_.yx * column + map_.yy * run.y + map_.y0 - 0.5 - origin.y);
    }
    kernels().sample_colour(source, grid, x, y, padded, bgr);
    store(bgr, part, out);
  }
}

void ObliqueWarp::write_definition(const Run &run, float *out) const {
  for (int x = run.first; x < run.last; ++x) {
    const Colour colour = sample_area(picture_, map_, x, run.y, kx_, ky_);
    const float *const bgr[3] = {&colour.b, &colour.g, &colour.r};
    store(bgr, {x, x + 1, run.y}, out);
  }
}

void ObliqueWarp::store(const float *const bgr[3], const Run &run, float *out) const {
  const std::size_t plane = static_cast<std::size_t>(tensor_.height) * tensor_.width;
  float *to = out + static_cast<std::size_t>(run.y) * tensor_.width + run.first;
  const int count = run.last - run.first;
  for (int c = 0; c < tensor_.channels; ++c, to += plane) {
    const float scale = 1.0f / norm_.std[c], bias = -norm_.mean[c] / norm_.std[c];
    const float *from = bgr[norm_.rgb ? 2 - c : c];
    for (int i = 0; i < count; ++i) {
      const float value = tensor_.channels == 1 ? luma_of({bgr[0][i], bgr[1][i], bgr[2][i]}) : from[i];
      to[i] = value * scale + bias;
    }
  }
}

}  // namespace edge
