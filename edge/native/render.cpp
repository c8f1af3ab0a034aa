// SPDX-License-Identifier: Apache-2.0
#include "render.hpp"

#include <cmath>
#include <cstddef>

#include "render_footprint.hpp"
#include "render_material.hpp"

namespace edge::render {
namespace {

constexpr int kTilePx = 8;

// Linear light 0..2 to sRGB bytes, with a soft shoulder above 0.7 as cameras have.
struct Encoding {
  static constexpr int kSteps = 4096;
  std::uint8_t bytes[kSteps + 1];
  Encoding() {
    for (int i = 0; i <= kSteps; ++i) {
      double x = 2.0 * i / kSteps;
      if (x > 0.7) x = 0.7 + 0.3 * (1.0 - std::exp(-(x - 0.7) / 0.3));
      const double s = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1.0 / 2.4) - 0.055;
      bytes[i] = static_cast<std::uint8_t>(s * 255.0 + 0.5);
    }
  }
  float operator()(float x) const {
    return bytes[static_cast<int>(clamped(x * (kSteps / 2.0f), 0.0f, static_cast<float>(kSteps)))];
  }
};

struct Sample {
  float cover, hand, red, green, blue, z;
};

class HandDrawing {
 public:
  HandDrawing(const Canvas &canvas, const Hand &hand, const Light &light, int id)
      : canvas_(canvas), hand_(hand), light_(light), id_(id), bones_(static_cast<int>(hand.bones.size())) {
    for (int i = 0; i < bones_; ++i) {
      prints_[i] = footprint(hand.bones[static_cast<std::size_t>(i)], canvas);
      every_[i] = i;
    }
  }

  void draw() {
    const int step = kTilePx / hand_.samples;
    float left = kFar, top = kFar, right = -kFar, bottom = -kFar;
    for (int i = 0; i < bones_; ++i) {
      const Footprint &print = prints_[i];
      left = std::min(left, std::min(print.x1, print.x1 + print.dx) - print.radius_px);
      right = std::max(right, std::max(print.x1, print.x1 + print.dx) + print.radius_px);
      top = std::min(top, std::min(print.y1, print.y1 + print.dy) - print.radius_px);
      bottom = std::max(bottom, std::max(print.y1, print.y1 + print.dy) + print.radius_px);
    }
    const auto first = [step](float low) { return static_cast<int>(std::max(low, 0.0f)) / step * step; };
    const int x_end = static_cast<int>(std::min(right + 1.0f, static_cast<float>(canvas_.width_px)));
    const int y_end = static_cast<int>(std::min(bottom + 1.0f, static_cast<float>(canvas_.height_px)));
    const float half = 0.5f * static_cast<float>(step);
    const int block = kTilePx * step;
    for (int y = first(top) / block * block; y < y_end; y += block) {
      for (int x = first(left) / block * block; x < x_end; x += block) {
        const float reach = 0.5f * static_cast<float>(block);
        const Nearby block_bones = bones_near(prints_, every_, bones_, static_cast<float>(x) + reach,
                                              static_cast<float>(y) + reach, 1.4143f * reach);
        if (!block_bones.touched) continue;
        for (int ty = y; ty < std::min(y + block, y_end); ty += step) {
          for (int tx = x; tx < std::min(x + block, x_end); tx += step) {
            const Nearby nearby =
                bones_near(prints_, block_bones.wide, block_bones.wide_count, static_cast<float>(tx) + half,
                           static_cast<float>(ty) + half, 1.4143f * half);
            if (nearby.touched) draw_tile(tx, ty, nearby);
          }
        }
      }
    }
  }

 private:
  Rays rays_through(int x, int y) const;
  void illuminate(const Nearby &nearby, const Points &p, const Points &normal, const Hits &hits,
                  Materials &surface) const;
  void draw_tile(int x, int y, const Nearby &nearby) const;
  void write_tile(int x, int y, const Hits &hits, const Colours &colours, const bool *skin) const;
  void write_pixel(std::ptrdiff_t pixel, const Sample &sample) const;

  const Canvas &canvas_;
  const Hand &hand_;
  const Light &light_;
  int id_;
  int bones_;
  Footprint prints_[kMaxBones] = {};
  int every_[kMaxBones] = {};
};

Rays HandDrawing::rays_through(int x, int y) const {
  Rays rays;
  const float spacing = 1.0f / static_cast<float>(hand_.samples), per_px = 1.0f / canvas_.focal_px;
  for (int i = 0; i < kLanes; ++i) {
    const float sx = (static_cast<float>(i % kTilePx) + 0.5f) * spacing;
    const float sy = (static_cast<float>(i / kTilePx) + 0.5f) * spacing;
    rays.dx[i] = (static_cast<float>(x) + sx - canvas_.centre_x_px) * per_px;
    rays.dy[i] = (static_cast<float>(y) + sy - canvas_.centre_y_px) * per_px;
    rays.inverse_length[i] = 1.0f / std::sqrt(rays.dx[i] * rays.dx[i] + rays.dy[i] * rays.dy[i] + 1.0f);
  }
  return rays;
}

// Interpolates between the four quads around ray `i`; those at another depth belong to something else.
void spread(int i, const float *quad_z, float z, const float *open, const float *lit, Materials &surface) {
  constexpr float kSameDepth_mm = 6.0f;
  const float x = clamped(0.5f * static_cast<float>(i % kTilePx) - 0.25f, 0.0f, 3.0f);
  const float y = clamped(0.5f * static_cast<float>(i / kTilePx) - 0.25f, 0.0f, 3.0f);
  const int column = std::min(static_cast<int>(x), 2), row = std::min(static_cast<int>(y), 2);
  const float fx = x - static_cast<float>(column), fy = y - static_cast<float>(row);
  const float weights[4] = {(1.0f - fx) * (1.0f - fy), fx * (1.0f - fy), (1.0f - fx) * fy, fx * fy};
  float total = 1.0e-6f, open_sum = 0.0f, lit_sum = 0.0f;
  const int own = i / (2 * kTilePx) * 4 + i % kTilePx / 2;
  for (int corner = 0; corner < 4; ++corner) {
    const int quad = (row + corner / 2) * 4 + column + corner % 2;
    const bool same = quad == own || std::abs(quad_z[quad] - z) < kSameDepth_mm;
    const float weight = same ? weights[corner] : 0.0f;
    total += weight;
    open_sum += weight * open[quad];
    lit_sum += weight * lit[quad];
  }
  surface.open[i] = open_sum / total;
  surface.lit[i] = lit_sum / total;
}

// Occlusion and shadow, once for each 2 x 2 rays.
void HandDrawing::illuminate(const Nearby &nearby, const Points &p, const Points &normal, const Hits &hits,
                             Materials &surface) const {
  Points at, out;
  Vec3 low{kFar, kFar, kFar}, high{-kFar, -kFar, -kFar};
  for (int quad = 0; quad < kQuads; ++quad) {
    const int corner = quad / 4 * 2 * kTilePx + quad % 4 * 2;
    int best = corner;
    float best_score = -2.0f;
    for (const int i : {corner, corner + 1, corner + kTilePx, corner + kTilePx + 1}) {
      // The one that faces the camera most speaks for the four; those on an edge see into gaps.
      const float score = hits.cover[i] - normal.z[i];
      if (hits.cover[i] > 0.0f && score > best_score) {
        best = i;
        best_score = score;
      }
    }
    at.x[quad] = p.x[best], at.y[quad] = p.y[best], at.z[quad] = p.z[best];
    out.x[quad] = normal.x[best], out.y[quad] = normal.y[best], out.z[quad] = normal.z[best];
    if (hits.cover[best] <= 0.0f) continue;
    low = {std::min(low.x, p.x[best]), std::min(low.y, p.y[best]), std::min(low.z, p.z[best])};
    high = {std::max(high.x, p.x[best]), std::max(high.y, p.y[best]), std::max(high.z, p.z[best])};
  }
  alignas(64) float open[kQuads], lit[kQuads];
  int towards[kMaxBones];
  const Bone *bones = hand_.bones.data();
  const int count = bones_towards(hand_, (low + high) * 0.5f, 0.5f * length(high - low), light_.direction, towards);
  find_openness({bones, nearby.wide, nearby.wide_count}, at, out, hand_.scale, open);
  find_shadow({bones, towards, count}, at, out, light_.direction, hand_.scale, lit);
  for (int i = 0; i < kLanes; ++i) {
    if (hits.cover[i] > 0.0f) spread(i, at.z, p.z[i], open, lit, surface);
  }
}

// A ray that only grazes the skin shows what lies beside it: its own point is on the very edge, or beyond.
void lend_colours(const Hits &hits, Colours &colours, bool *skin) {
  for (int i = 0; i < kLanes; ++i) {
    if (hits.cover[i] >= 1.0f || hits.cover[i] <= 0.0f) continue;
    const int column = i % kTilePx, row = i / kTilePx;
    int best = -1;
    for (int y = std::max(row - 1, 0); y <= std::min(row + 1, kTilePx - 1); ++y)
      for (int x = std::max(column - 1, 0); x <= std::min(column + 1, kTilePx - 1); ++x) {
        const int other = y * kTilePx + x;
        if (hits.cover[other] >= 1.0f && (best < 0 || hits.z[other] < hits.z[best])) best = other;
      }
    if (best < 0) continue;
    colours.red[i] = colours.red[best];
    colours.green[i] = colours.green[best];
    colours.blue[i] = colours.blue[best];
    skin[i] = skin[best];
  }
}

void HandDrawing::draw_tile(int x, int y, const Nearby &nearby) const {
  const Bone *bones = hand_.bones.data();
  const Rays rays = rays_through(x, y);
  const BoneList near{bones, nearby.near, nearby.near_count};
  Hits hits;
  const float sample_focal = canvas_.focal_px * static_cast<float>(hand_.samples);
  if (march(near, rays, sample_focal, nearby.near_z, nearby.far_z, hits) == 0) return;
  Points p, normal;
  for (int i = 0; i < kLanes; ++i) {
    p.x[i] = rays.dx[i] * hits.z[i];
    p.y[i] = rays.dy[i] * hits.z[i];
    p.z[i] = hits.z[i];
  }
  alignas(64) int bone[kLanes];
  find_surface(near, p, normal, bone);
  Materials surface{};
  bool skin[kLanes] = {};
  for (int i = 0; i < kLanes; ++i) {
    if (hits.cover[i] <= 0.0f) continue;
    const Vec3 at{p.x[i], p.y[i], p.z[i]};
    const Bone &own = bones[bone[i]];
    const Material m = material_at(hand_, own, at, {normal.x[i], normal.y[i], normal.z[i]});
    surface.red[i] = m.albedo.x, surface.green[i] = m.albedo.y, surface.blue[i] = m.albedo.z;
    surface.nx[i] = m.normal.x, surface.ny[i] = m.normal.y, surface.nz[i] = m.normal.z;
    surface.gloss[i] = m.gloss, surface.nail[i] = m.nail;
    skin[i] = own.part < kSleeve && dot(at - hand_.wrist, hand_.arm) < hand_.arm_margin_mm;
  }
  illuminate(nearby, p, normal, hits, surface);
  Colours colours;
  light_surface(surface, rays, light_, colours);
  lend_colours(hits, colours, skin);
  write_tile(x, y, hits, colours, skin);
}

// `red`, `green` and `blue` are weighted by `cover`; `hand` is how much of the cover is hand.
void HandDrawing::write_pixel(std::ptrdiff_t pixel, const Sample &sample) const {
  std::uint8_t *out = canvas_.bgr + pixel * 3;
  if (sample.cover >= 1.0f) {
    out[0] = static_cast<std::uint8_t>(sample.blue + 0.5f);
    out[1] = static_cast<std::uint8_t>(sample.green + 0.5f);
    out[2] = static_cast<std::uint8_t>(sample.red + 0.5f);
  } else {
    const float through = 1.0f - sample.cover;
    out[0] = static_cast<std::uint8_t>(sample.blue + through * static_cast<float>(out[0]) + 0.5f);
    out[1] = static_cast<std::uint8_t>(sample.green + through * static_cast<float>(out[1]) + 0.5f);
    out[2] = static_cast<std::uint8_t>(sample.red + through * static_cast<float>(out[2]) + 0.5f);
  }
  if (sample.cover < 0.5f) return;
  canvas_.depth_mm[pixel] = sample.z;
  canvas_.ids[pixel] = static_cast<std::uint8_t>(sample.hand > 0.5f * sample.cover ? id_ : 0);
}

void HandDrawing::write_tile(int x, int y, const Hits &hits, const Colours &colours, const bool *skin) const {
  static const Encoding encode;
  const int samples = hand_.samples, side = kTilePx / samples, rays = samples * samples;
  const float weight = 1.0f / static_cast<float>(rays);
  const int x_end = std::min(x + side, canvas_.width_px), y_end = std::min(y + side, canvas_.height_px);
  for (int row = y; row < y_end; ++row) {
    for (int column = x; column < x_end; ++column) {
      const int corner = (row - y) * samples * kTilePx + (column - x) * samples;
      Sample sum{};
      for (int s = 0; s < rays; ++s) {
        const int i = corner + s / samples * kTilePx + s % samples;
        const float share = hits.cover[i] * weight;
        if (share <= 0.0f) continue;
        sum.cover += share;
        sum.hand += skin[i] ? share : 0.0f;
        sum.red += share * encode(colours.red[i]);
        sum.green += share * encode(colours.green[i]);
        sum.blue += share * encode(colours.blue[i]);
        sum.z += share * hits.z[i];
      }
      const std::ptrdiff_t pixel = static_cast<std::ptrdiff_t>(row) * canvas_.width_px + column;
      if (sum.cover <= 0.0f) continue;
      if (sum.cover < 1.0f) sum.z /= sum.cover;
      if (sum.z < canvas_.depth_mm[pixel]) write_pixel(pixel, sum);
    }
  }
}

}  // namespace

void draw_hand(const Canvas &canvas, const Hand &hand, const Light &light, int id) {
  HandDrawing(canvas, hand, light, id).draw();
}

}  // namespace edge::render
