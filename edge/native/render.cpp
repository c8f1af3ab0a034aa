// SPDX-License-Identifier: Apache-2.0
#include "render.hpp"

#include <algorithm>
#include <array>

#include "render_shade.hpp"

namespace edge::render {
namespace {

constexpr int kTilePx = 8;
constexpr int kMaxBones = 64;
constexpr int kMaxSteps = 48;
constexpr int kShadowSteps = 9;
constexpr float kOcclusionReach_mm = 16.0f;

struct Nearby {
  int near[kMaxBones], wide[kMaxBones];
  int near_count = 0, wide_count = 0;
  float near_z = kFar, far_z = 0.0f;
};

// A bone on the picture: a segment thickened by a radius, and its range of depth.
struct Footprint {
  float x1, y1, dx, dy, inverse_length2, radius_px, px_per_mm, near_z, far_z;
  bool visible;
};

float reach_mm(const Bone &bone) {
  const float radius = std::max(bone.radius, bone.radius + bone.taper);
  return radius + std::max(bone.bulge, 0.0f) + length(bone.bow) + 0.3f * bone.blend_mm;
}

Footprint footprint(const Bone &bone, const Canvas &canvas) {
  const float reach = reach_mm(bone);
  const Vec3 end = bone.start + bone.span;
  Footprint print{};
  print.near_z = std::min(bone.start.z, end.z) - reach;
  print.far_z = std::max(bone.start.z, end.z) + reach;
  print.visible = print.near_z > 1.0f;
  if (!print.visible) return print;
  const float x2 = canvas.focal_px * end.x / end.z + canvas.centre_x_px;
  const float y2 = canvas.focal_px * end.y / end.z + canvas.centre_y_px;
  print.x1 = canvas.focal_px * bone.start.x / bone.start.z + canvas.centre_x_px;
  print.y1 = canvas.focal_px * bone.start.y / bone.start.z + canvas.centre_y_px;
  print.dx = x2 - print.x1;
  print.dy = y2 - print.y1;
  print.inverse_length2 = 1.0f / (print.dx * print.dx + print.dy * print.dy + 1.0e-6f);
  // 1.15: a sphere away from the optical axis is drawn longer than wide.
  print.px_per_mm = 1.15f * canvas.focal_px / print.near_z;
  print.radius_px = reach * print.px_per_mm + 1.5f;
  return print;
}

class HandDrawing {
 public:
  HandDrawing(const Canvas &canvas, const Hand &hand, const Light &light, int id)
      : canvas_(canvas), hand_(hand), light_(light), id_(id) {
    for (std::size_t i = 0; i < hand.bones.size(); ++i) {
      prints_[i] = footprint(hand.bones[i], canvas);
      if (prints_[i].visible) all_[all_count_++] = static_cast<int>(i);
    }
  }

  void draw() {
    const int step = kTilePx / hand_.samples;
    float left = kFar, top = kFar, right = -kFar, bottom = -kFar;
    for (int k = 0; k < all_count_; ++k) {
      const Footprint &print = prints_[all_[k]];
      left = std::min(left, std::min(print.x1, print.x1 + print.dx) - print.radius_px);
      right = std::max(right, std::max(print.x1, print.x1 + print.dx) + print.radius_px);
      top = std::min(top, std::min(print.y1, print.y1 + print.dy) - print.radius_px);
      bottom = std::max(bottom, std::max(print.y1, print.y1 + print.dy) + print.radius_px);
    }
    const auto first = [step](float low) { return static_cast<int>(std::max(low, 0.0f)) / step * step; };
    const int x_end = static_cast<int>(std::min(right + 1.0f, static_cast<float>(canvas_.width_px)));
    const int y_end = static_cast<int>(std::min(bottom + 1.0f, static_cast<float>(canvas_.height_px)));
    for (int y = first(top); y < y_end; y += step) {
      for (int x = first(left); x < x_end; x += step) {
        const Nearby nearby = bones_near(x, y, step);
        if (nearby.near_count > 0) draw_tile(x, y, nearby);
      }
    }
  }

 private:
  Nearby bones_near(int x, int y, int step) const {
    Nearby found;
    const float cx = static_cast<float>(x) + 0.5f * static_cast<float>(step);
    const float cy = static_cast<float>(y) + 0.5f * static_cast<float>(step);
    const float half_diagonal = 0.7072f * static_cast<float>(step);
    for (int k = 0; k < all_count_; ++k) {
      const int i = all_[k];
      const Footprint &print = prints_[i];
      const float qx = cx - print.x1, qy = cy - print.y1;
      const float t = clamped((qx * print.dx + qy * print.dy) * print.inverse_length2, 0.0f, 1.0f);
      const float rx = qx - t * print.dx, ry = qy - t * print.dy;
      const float gap = std::sqrt(rx * rx + ry * ry) - print.radius_px - half_diagonal;
      if (gap > kOcclusionReach_mm * print.px_per_mm) continue;
      found.wide[found.wide_count++] = i;
      if (gap > 0.0f) continue;
      found.near[found.near_count++] = i;
      found.near_z = std::min(found.near_z, print.near_z);
      found.far_z = std::max(found.far_z, print.far_z);
    }
    return found;
  }

  void draw_tile(int x, int y, const Nearby &nearby) const;

  const Canvas &canvas_;
  const Hand &hand_;
  const Light &light_;
  int id_;
  std::array<Footprint, kMaxBones> prints_{};
  int all_[kMaxBones] = {};
  int all_count_ = 0;
};

struct alignas(64) Rays {
  float dx[kLanes], dy[kLanes], inverse_length[kLanes];
};

struct alignas(64) Hits {
  float z[kLanes], cover[kLanes];  // depth along the optical axis; 0..1 of the pixel covered
};

// Walks every ray to the surface. Rays that just miss cover part of their pixel.
EDGE_CLONES int march(const Bone *bones, const int *list, int listed, const Rays &rays, float focal_px, float near_z,
                      float far_z, Hits &hits) {
  alignas(64) float z[kLanes], best[kLanes];
  Points p;
  Field field;
  const float mm_per_px = 1.0f / focal_px;
  for (int i = 0; i < kLanes; ++i) {
    z[i] = hits.z[i] = near_z;
    best[i] = kFar;
  }
  for (int step = 0; step < kMaxSteps; ++step) {
    for (int i = 0; i < kLanes; ++i) {
      p.x[i] = rays.dx[i] * z[i];
      p.y[i] = rays.dy[i] * z[i];
      p.z[i] = z[i];
    }
    field_distance<kLanes>(bones, list, listed, p, field);
    int walking = 0;
    for (int i = 0; i < kLanes; ++i) {
      const float pixel_mm = z[i] * mm_per_px;
      const float gap = field.distance[i] + 0.5f * pixel_mm;
      const float ratio = gap / pixel_mm;
      const bool closer = ratio < best[i];
      best[i] = closer ? ratio : best[i];
      hits.z[i] = closer ? z[i] : hits.z[i];
      const bool on = best[i] > 0.08f && z[i] < far_z;
      const float stride = gap > 0.3f * pixel_mm ? gap : 0.3f * pixel_mm;
      z[i] += on ? 0.95f * stride * rays.inverse_length[i] : 0.0f;
      walking += on ? 1 : 0;
    }
    if (walking == 0) break;
  }
  int found = 0;
  for (int i = 0; i < kLanes; ++i) {
    const float cover = best[i] <= 0.08f ? 1.0f : 1.0f - best[i];
    hits.cover[i] = cover > 0.0f ? cover : 0.0f;
    found += cover > 0.02f ? 1 : 0;
  }
  return found;
}

// Ambient occlusion from three samples of the field along the normals.
EDGE_CLONES void openness(const Bone *bones, const int *list, int listed, const Points &p, const Points &normal,
                          float scale, float *open) {
  constexpr float kHeights[] = {3.0f, 8.0f, kOcclusionReach_mm};
  constexpr float kWeights[] = {0.30f, 0.34f, 0.36f};
  Points q;
  Field field;
  for (int i = 0; i < kLanes; ++i) open[i] = 1.0f;
  for (int k = 0; k < 3; ++k) {
    const float height = kHeights[k] * scale;
    for (int i = 0; i < kLanes; ++i) {
      q.x[i] = p.x[i] + normal.x[i] * height;
      q.y[i] = p.y[i] + normal.y[i] * height;
      q.z[i] = p.z[i] + normal.z[i] * height;
    }
    field_distance<kLanes>(bones, list, listed, q, field);
    for (int i = 0; i < kLanes; ++i) {
      const float hidden = (height - field.distance[i]) / height;
      open[i] -= kWeights[k] * (hidden < 0.0f ? 0.0f : (hidden > 1.0f ? 1.0f : hidden));
    }
  }
}

// Soft shadow: how nearly the way to the light grazes the hand.
EDGE_CLONES void lightness(const Bone *bones, const int *list, int listed, const Points &p, const Points &normal,
                           Vec3 to_light, float scale, float *lit) {
  alignas(64) float reach[kLanes];
  Points q;
  Field field;
  for (int i = 0; i < kLanes; ++i) {
    reach[i] = 3.0f * scale;
    lit[i] = 1.0f;
  }
  for (int step = 0; step < kShadowSteps; ++step) {
    for (int i = 0; i < kLanes; ++i) {
      q.x[i] = p.x[i] + normal.x[i] * 1.5f + to_light.x * reach[i];
      q.y[i] = p.y[i] + normal.y[i] * 1.5f + to_light.y * reach[i];
      q.z[i] = p.z[i] + normal.z[i] * 1.5f + to_light.z * reach[i];
    }
    field_distance<kLanes>(bones, list, listed, q, field);
    for (int i = 0; i < kLanes; ++i) {
      const float graze = 5.0f * field.distance[i] / reach[i];
      lit[i] = graze < lit[i] ? graze : lit[i];
      const float stride = field.distance[i] > 3.0f ? field.distance[i] : 3.0f;
      reach[i] += stride;
    }
  }
  for (int i = 0; i < kLanes; ++i) {
    const float l = lit[i] < 0.0f ? 0.0f : lit[i];
    lit[i] = l * l * (3.0f - 2.0f * l);
  }
}

// Linear light 0..2 to sRGB bytes, with a soft shoulder above 0.8 as cameras have.
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
  std::uint8_t operator()(float x) const {
    return bytes[static_cast<int>(clamped(x * (kSteps / 2.0f), 0.0f, static_cast<float>(kSteps)))];
  }
};

struct alignas(64) Colours {
  float b[kLanes], g[kLanes], r[kLanes];
  bool skin[kLanes];  // hand, not forearm or sleeve
};

void HandDrawing::draw_tile(int x, int y, const Nearby &nearby) const {
  static const Encoding encode;
  const Bone *bones = hand_.bones.data();
  const int samples = hand_.samples, side = kTilePx / samples;
  Rays rays;
  for (int i = 0; i < kLanes; ++i) {
    const float sx = (static_cast<float>(i % kTilePx) + 0.5f) / static_cast<float>(samples);
    const float sy = (static_cast<float>(i / kTilePx) + 0.5f) / static_cast<float>(samples);
    rays.dx[i] = (static_cast<float>(x) + sx - canvas_.centre_x_px) / canvas_.focal_px;
    rays.dy[i] = (static_cast<float>(y) + sy - canvas_.centre_y_px) / canvas_.focal_px;
    rays.inverse_length[i] = 1.0f / std::sqrt(rays.dx[i] * rays.dx[i] + rays.dy[i] * rays.dy[i] + 1.0f);
  }
  Hits hits;
  const float sample_focal = canvas_.focal_px * static_cast<float>(samples);
  if (march(bones, nearby.near, nearby.near_count, rays, sample_focal, nearby.near_z, nearby.far_z, hits) == 0) return;
  Points p, normal;
  int bone[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const Vec3 at{rays.dx[i] * hits.z[i], rays.dy[i] * hits.z[i], hits.z[i]};
    const Surface surface = hits.cover[i] > 0.02f ? surface_at(bones, nearby.near, nearby.near_count, at)
                                                  : Surface{0.0f, {0.0f, 0.0f, -1.0f}, -1};
    p.x[i] = at.x, p.y[i] = at.y, p.z[i] = at.z;
    normal.x[i] = surface.normal.x, normal.y[i] = surface.normal.y, normal.z[i] = surface.normal.z;
    bone[i] = surface.bone;
  }
  alignas(64) float open[kLanes], lit[kLanes];
  openness(bones, nearby.wide, nearby.wide_count, p, normal, hand_.scale, open);
  lightness(bones, all_, all_count_, p, normal, light_.direction, hand_.scale, lit);
  Colours colours;
  for (int i = 0; i < kLanes; ++i) {
    if (bone[i] < 0) continue;
    const Vec3 at{p.x[i], p.y[i], p.z[i]}, n{normal.x[i], normal.y[i], normal.z[i]};
    const Bone &own = bones[bone[i]];
    const Material material = material_at(hand_, own, at, n);
    const Vec3 view{-rays.dx[i] * rays.inverse_length[i], -rays.dy[i] * rays.inverse_length[i],
                    -rays.inverse_length[i]};
    const Vec3 colour = shaded(material, light_, view, n, open[i], lit[i]);
    colours.r[i] = encode(colour.x), colours.g[i] = encode(colour.y), colours.b[i] = encode(colour.z);
    colours.skin[i] = own.part != kSleeve && dot(at - hand_.wrist, hand_.arm) < hand_.arm_margin_mm;
  }
  const int x_end = std::min(x + side, canvas_.width_px), y_end = std::min(y + side, canvas_.height_px);
  const float weight = 1.0f / static_cast<float>(samples * samples);
  for (int row = y; row < y_end; ++row) {
    for (int column = x; column < x_end; ++column) {
      const std::ptrdiff_t pixel = static_cast<std::ptrdiff_t>(row) * canvas_.width_px + column;
      float cover = 0.0f, skin = 0.0f, b = 0.0f, g = 0.0f, r = 0.0f, z = 0.0f;
      for (int s = 0; s < samples * samples; ++s) {
        const int i = ((row - y) * samples + s / samples) * kTilePx + (column - x) * samples + s % samples;
        if (bone[i] < 0) continue;
        const float share = hits.cover[i] * weight;
        cover += share;
        skin += colours.skin[i] ? share : 0.0f;
        b += share * colours.b[i], g += share * colours.g[i], r += share * colours.r[i], z += share * hits.z[i];
      }
      if (cover <= 0.0f || z / cover >= canvas_.depth_mm[pixel]) continue;
      std::uint8_t *out = canvas_.bgr + pixel * 3;
      out[0] = static_cast<std::uint8_t>(b + (1.0f - cover) * out[0] + 0.5f);
      out[1] = static_cast<std::uint8_t>(g + (1.0f - cover) * out[1] + 0.5f);
      out[2] = static_cast<std::uint8_t>(r + (1.0f - cover) * out[2] + 0.5f);
      if (cover < 0.5f) continue;
      canvas_.depth_mm[pixel] = z / cover;
      canvas_.ids[pixel] = static_cast<std::uint8_t>(skin > 0.5f * cover ? id_ : 0);
    }
  }
}

}  // namespace

void draw_hand(const Canvas &canvas, const Hand &hand, const Light &light, int id) {
  HandDrawing(canvas, hand, light, id).draw();
}

}  // namespace edge::render
