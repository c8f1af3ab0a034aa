// SPDX-License-Identifier: Apache-2.0
// Which bones matter for a tile of the picture.
#pragma once

#include <algorithm>

#include "render.hpp"

namespace edge::render {

constexpr int kMaxBones = 64;

// A bone on the picture: a segment thickened by a radius, and its range of depth.
struct Footprint {
  float x1, y1, dx, dy, inverse_length2, radius_px, px_per_mm, blend_px, near_z, far_z;
};

// Bones within reach of a tile: `near` shape its surface, `wide` shade it.
struct Nearby {
  int near[kMaxBones], wide[kMaxBones];
  int near_count = 0, wide_count = 0;
  float near_z = kFar, far_z = 0.0f;
  bool touched = false;
};

// Blending with neighbours moves the surface out by a quarter of the blend at most, but bends it over all of the blend.
EDGE_INLINE float skin_reach_mm(const Bone &bone) {
  const float radius = std::max(bone.radius, bone.radius + bone.taper);
  return radius + std::max(bone.bulge, 0.0f) + length(bone.bow) + 0.25f * bone.blend_mm;
}

inline Footprint footprint(const Bone &bone, const Canvas &canvas) {
  constexpr float kNearest_mm = 20.0f;
  const float reach = skin_reach_mm(bone);
  const Vec3 end = bone.start + bone.span;
  Footprint print{};
  print.near_z = std::max(std::min(bone.start.z, end.z) - reach, kNearest_mm);
  print.far_z = std::max(bone.start.z, end.z) + reach;
  const float z1 = std::max(bone.start.z, kNearest_mm), z2 = std::max(end.z, kNearest_mm);
  print.x1 = canvas.focal_px * bone.start.x / z1 + canvas.centre_x_px;
  print.y1 = canvas.focal_px * bone.start.y / z1 + canvas.centre_y_px;
  print.dx = canvas.focal_px * end.x / z2 + canvas.centre_x_px - print.x1;
  print.dy = canvas.focal_px * end.y / z2 + canvas.centre_y_px - print.y1;
  print.inverse_length2 = 1.0f / (print.dx * print.dx + print.dy * print.dy + 1.0e-6f);
  // 1.15: a sphere away from the optical axis is drawn longer than wide.
  print.px_per_mm = 1.15f * canvas.focal_px / print.near_z;
  print.radius_px = reach * print.px_per_mm + 1.5f;
  print.blend_px = 0.75f * bone.blend_mm * print.px_per_mm;
  return print;
}

// Of the `count` bones in `list`, those near the square around (x, y).
inline Nearby bones_near(const Footprint *prints, const int *list, int count, float x, float y,
                         float half_diagonal_px) {
  Nearby found;
  for (int k = 0; k < count; ++k) {
    const int i = list[k];
    const Footprint &print = prints[i];
    const float qx = x - print.x1, qy = y - print.y1;
    const float t = clamped((qx * print.dx + qy * print.dy) * print.inverse_length2, 0.0f, 1.0f);
    const float rx = qx - t * print.dx, ry = qy - t * print.dy;
    const float gap = std::sqrt(rx * rx + ry * ry) - print.radius_px - half_diagonal_px;
    if (gap > kOcclusionReach_mm * print.px_per_mm) continue;
    found.wide[found.wide_count++] = i;
    if (gap > print.blend_px) continue;
    found.near[found.near_count++] = i;
    if (gap > 0.0f) continue;
    found.touched = true;
    found.near_z = std::min(found.near_z, print.near_z);
    found.far_z = std::max(found.far_z, print.far_z);
  }
  return found;
}

// Bones that may shade points within `radius_mm` of `centre` from a light; a soft shadow widens by a fifth of the way.
inline int bones_towards(const Hand &hand, Vec3 centre, float radius_mm, Vec3 to_light, int *list) {
  int count = 0;
  for (int i = 0; i < static_cast<int>(hand.bones.size()); ++i) {
    const Bone &bone = hand.bones[static_cast<std::size_t>(i)];
    const float reach = skin_reach_mm(bone) + 0.5f * length(bone.span) + radius_mm;
    const Vec3 gap = bone.start + bone.span * 0.5f - centre;
    const float along = dot(gap, to_light), aside2 = dot(gap, gap) - along * along;
    const float wide = reach + 0.2f * std::max(along, 0.0f);
    if (along > -reach && along < reach + 160.0f && aside2 < wide * wide) list[count++] = i;
  }
  return count;
}

}  // namespace edge::render
