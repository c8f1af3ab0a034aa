// SPDX-License-Identifier: Apache-2.0
// The arithmetic of one pixel, for the processor and for CUDA. No containers, no exceptions, no I/O.
//
// Contract of the warp
//   A map takes OUTPUT continuous coordinates to SOURCE continuous coordinates; pixel i has its centre at i + 0.5.
//   Output pixel (x, y) covers the parallelogram that the unit square [x, x+1] x [y, y+1] maps to.
//   Its value is the mean of kx * ky evenly spaced bilinear samples in that parallelogram, kx = samples_along(first
//   column), ky = samples_along(second column): anti-aliased when shrinking, plain bilinear otherwise.
//   Samples outside the picture take the nearest picture pixel; an output pixel whose centre lies outside is padding.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define EDGE_HD __host__ __device__ static inline
#else
#include <cmath>
#define EDGE_HD static inline
#endif

namespace edge {

enum PixelFormat : int { kBgr = 0, kGray = 1, kNv12 = 2, kYuyv = 3 };

// A view of 8-bit pixels. For YUYV a column is one luma sample and its chroma byte; for NV12 `pixels` is the luma plane
// and `chroma` the interleaved half-size plane with the same strides. Strides are in bytes and may be negative.
struct Picture {
  const std::uint8_t *pixels;
  const std::uint8_t *chroma;
  std::int64_t row_stride;
  std::int64_t column_stride;
  std::int64_t channel_stride;
  int width;
  int height;
  int format;
};

// Output to source: source_x = xx * x + xy * y + x0, source_y = yx * x + yy * y + y0.
struct AffineMap {
  double xx, xy, x0;
  double yx, yy, y0;
};

// Blue, green, red; a grey picture has its value in all three.
struct Colour {
  float b, g, r;
};

// Rounding in a caller's map may put an exact 4 at 4.0000001: the slack keeps that at 4 samples.
constexpr double kSampleSlack = 1e-3;
constexpr int kMaxSamples = 256;

EDGE_HD int samples_along(double dx, double dy) {
  const double samples = ceil(sqrt(dx * dx + dy * dy) - kSampleSlack);
  if (!(samples > 1.0)) return 1;
  return samples < kMaxSamples ? static_cast<int>(samples) : kMaxSamples;
}

EDGE_HD bool inside(const Picture &picture, double source_x, double source_y) {
  return source_x >= 0.0 && source_x < picture.width && source_y >= 0.0 && source_y < picture.height;
}

// [first, last)
struct Interval {
  int first;
  int last;
};

// The outputs whose centres, scale * (o + 0.5) + origin, lie within the source.
EDGE_HD Interval inside_along(double scale, double origin, int output_length, int source_length) {
  const auto outside = [=](int o) {
    const double centre = scale * (o + 0.5) + origin;
    return !(centre >= 0.0 && centre < source_length);
  };
  Interval inside = {0, output_length};
  while (inside.first < inside.last && outside(inside.first)) ++inside.first;
  while (inside.last > inside.first && outside(inside.last - 1)) --inside.last;
  return inside;
}

EDGE_HD int clamp_int(int value, int low, int high) { return value < low ? low : (value > high ? high : value); }

// ITU-R BT.601, limited range, with 6 fractional bits, so that 16-bit vector instructions give the same; within 1 of
// exact arithmetic.
// What two pixels with the same chroma share.
struct Chroma {
  int b, g, r;
};

EDGE_HD Chroma chroma_from_uv(int u, int v) {
  const int cb = u - 128, cr = v - 128;
  return {cb * 128 + (cb * 282 >> 8), -(cb * 6419 >> 8) - (cr * 13320 >> 8), cr * 26149 >> 8};
}

EDGE_HD void bgr_from_luma(int luma, const Chroma &chroma, int *b, int *g, int *r) {
  const int y = ((luma > 16 ? luma - 16 : 0) * 19077 >> 8) + 32;
  *b = clamp_int((y + chroma.b) >> 6, 0, 255);
  *g = clamp_int((y + chroma.g) >> 6, 0, 255);
  *r = clamp_int((y + chroma.r) >> 6, 0, 255);
}

EDGE_HD void bgr_from_yuv(int luma, int u, int v, int *b, int *g, int *r) {
  bgr_from_luma(luma, chroma_from_uv(u, v), b, g, r);
}

EDGE_HD Colour colour_from_yuv(int luma, int u, int v) {
  int b, g, r;
  bgr_from_yuv(luma, u, v, &b, &g, &r);
  return {static_cast<float>(b), static_cast<float>(g), static_cast<float>(r)};
}

// The colour of the picture's pixel (x, y), which must lie inside.
EDGE_HD Colour fetch(const Picture &p, int x, int y) {
  const std::uint8_t *pixel = p.pixels + y * p.row_stride + x * p.column_stride;
  if (p.format == kGray) {
    const float value = pixel[0];
    return {value, value, value};
  }
  if (p.format == kBgr) {
    return {static_cast<float>(pixel[0]), static_cast<float>(pixel[p.channel_stride]),
            static_cast<float>(pixel[2 * p.channel_stride])};
  }
  if (p.format == kNv12) {
    const std::uint8_t *uv = p.chroma + (y / 2) * p.row_stride + (x / 2) * 2 * p.column_stride;
    return colour_from_yuv(pixel[0], uv[0], uv[p.column_stride]);
  }
  const std::uint8_t *pair = p.pixels + y * p.row_stride + (x & ~1) * p.column_stride;
  return colour_from_yuv(pixel[0], pair[p.channel_stride], pair[p.column_stride + p.channel_stride]);
}

EDGE_HD double clamp_position(double position, int length) {
  const double last = length - 1;
  return position < 0.0 ? 0.0 : (position > last ? last : position);
}

EDGE_HD Colour sample_bilinear(const Picture &p, double source_x, double source_y) {
  const double x = clamp_position(source_x - 0.5, p.width);
  const double y = clamp_position(source_y - 0.5, p.height);
  const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
  const int x1 = x0 + 1 < p.width ? x0 + 1 : x0, y1 = y0 + 1 < p.height ? y0 + 1 : y0;
  const float fx = static_cast<float>(x - x0), fy = static_cast<float>(y - y0);
  const Colour a = fetch(p, x0, y0), b = fetch(p, x1, y0), c = fetch(p, x0, y1), d = fetch(p, x1, y1);
  const float wa = (1 - fx) * (1 - fy), wb = fx * (1 - fy), wc = (1 - fx) * fy, wd = fx * fy;
  return {wa * a.b + wb * b.b + wc * c.b + wd * d.b, wa * a.g + wb * b.g + wc * c.g + wd * d.g,
          wa * a.r + wb * b.r + wc * c.r + wd * d.r};
}

// The mean over output pixel (x, y), whatever its centre; the caller decides about padding.
EDGE_HD Colour sample_area(const Picture &picture, const AffineMap &map, int x, int y, int kx, int ky) {
  Colour sum = {0, 0, 0};
  for (int j = 0; j < ky; ++j) {
    const double v = y + (j + 0.5) / ky;
    for (int i = 0; i < kx; ++i) {
      const double u = x + (i + 0.5) / kx;
      const Colour one = sample_bilinear(picture, map.xx * u + map.xy * v + map.x0, map.yx * u + map.yy * v + map.y0);
      sum.b += one.b;
      sum.g += one.g;
      sum.r += one.r;
    }
  }
  const float share = 1.0f / (static_cast<float>(kx) * static_cast<float>(ky));
  return {sum.b * share, sum.g * share, sum.r * share};
}

// ITU-R BT.601 luma of full-range colour.
EDGE_HD float luma_of(const Colour &colour) { return 0.114f * colour.b + 0.587f * colour.g + 0.299f * colour.r; }

}  // namespace edge
