// SPDX-License-Identifier: Apache-2.0
#include "render_rays.hpp"

namespace edge::render {
namespace {

constexpr int kMaxSteps = 48;
constexpr int kShadowSteps = 9;
constexpr float kOn = 0.08f;  // pixels from the surface that count as on it

}  // namespace

EDGE_CLONES int march(const BoneList &near, const Rays &rays, float focal_px, float near_z, float far_z, Hits &hits) {
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
    field_distance<kLanes>(near.bones, near.list, near.count, p, field);
    int walking = 0;
    for (int i = 0; i < kLanes; ++i) {
      const float pixel_mm = z[i] * mm_per_px;
      const float gap = field.distance[i] + 0.5f * pixel_mm;
      const float ratio = gap / pixel_mm;
      const bool closer = ratio < best[i];
      best[i] = closer ? ratio : best[i];
      hits.z[i] = closer ? z[i] : hits.z[i];
      const bool on = (best[i] > kOn) & (z[i] < far_z);
      const float least = 0.3f * pixel_mm;
      const float stride = gap > least ? gap : least;
      z[i] += on ? 0.95f * stride * rays.inverse_length[i] : 0.0f;
      walking += on ? 1 : 0;
    }
    if (walking == 0) break;
  }
  int found = 0;
  for (int i = 0; i < kLanes; ++i) {
    const float cover = best[i] <= kOn ? 1.0f : 1.0f - best[i];
    hits.cover[i] = cover > 0.02f ? cover : 0.0f;
    found += cover > 0.02f ? 1 : 0;
  }
  return found;
}

EDGE_CLONES void find_surface(const BoneList &near, const Points &p, Points &normal, int *bone) {
  constexpr float kReach = 0.25f;
  // The corners of a tetrahedron: four samples give the gradient (Inigo Quilez, "Normals for an SDF", 2015).
  constexpr float kCorners[4][3] = {{1, -1, -1}, {-1, -1, 1}, {-1, 1, -1}, {1, 1, 1}};
  Points q;
  Field field;
  for (int i = 0; i < kLanes; ++i) normal.x[i] = normal.y[i] = normal.z[i] = 0.0f;
  for (const auto &corner : kCorners) {
    for (int i = 0; i < kLanes; ++i) {
      q.x[i] = p.x[i] + corner[0] * kReach;
      q.y[i] = p.y[i] + corner[1] * kReach;
      q.z[i] = p.z[i] + corner[2] * kReach;
    }
    field_distance<kLanes>(near.bones, near.list, near.count, q, field);
    for (int i = 0; i < kLanes; ++i) {
      normal.x[i] += corner[0] * field.distance[i];
      normal.y[i] += corner[1] * field.distance[i];
      normal.z[i] += corner[2] * field.distance[i];
    }
  }
  for (int i = 0; i < kLanes; ++i) {
    const float squared = normal.x[i] * normal.x[i] + normal.y[i] * normal.y[i] + normal.z[i] * normal.z[i];
    const float scale = 1.0f / std::sqrt(squared + 1.0e-12f);
    normal.x[i] *= scale;
    normal.y[i] *= scale;
    normal.z[i] *= scale;
  }
  nearest_bone(near.bones, near.list, near.count, p, bone);
}

EDGE_CLONES void find_openness(const BoneList &wide, const Points &p, const Points &normal, float scale, float *open) {
  constexpr float kHeights[] = {3.0f, 8.0f, kOcclusionReach_mm};
  constexpr float kWeights[] = {0.30f, 0.34f, 0.36f};
  Points q;
  Field field;
  for (int i = 0; i < kQuads; ++i) open[i] = 1.0f;
  for (int k = 0; k < 3; ++k) {
    const float height = kHeights[k] * scale;
    for (int i = 0; i < kQuads; ++i) {
      q.x[i] = p.x[i] + normal.x[i] * height;
      q.y[i] = p.y[i] + normal.y[i] * height;
      q.z[i] = p.z[i] + normal.z[i] * height;
    }
    field_distance<kQuads>(wide.bones, wide.list, wide.count, q, field);
    for (int i = 0; i < kQuads; ++i) {
      const float hidden = (height - field.distance[i]) / height;
      open[i] -= kWeights[k] * (hidden < 0.0f ? 0.0f : (hidden > 1.0f ? 1.0f : hidden));
    }
  }
}

EDGE_CLONES void find_shadow(const BoneList &all, const Points &p, const Points &normal, Vec3 to_light, float scale,
                             float *lit) {
  constexpr float kLift = 1.5f, kLeast = 3.0f;
  alignas(64) float reach[kQuads];
  Points q;
  Field field;
  for (int i = 0; i < kQuads; ++i) {
    reach[i] = 3.0f * scale;
    lit[i] = 1.0f;
  }
  for (int step = 0; step < kShadowSteps; ++step) {
    for (int i = 0; i < kQuads; ++i) {
      q.x[i] = p.x[i] + normal.x[i] * kLift + to_light.x * reach[i];
      q.y[i] = p.y[i] + normal.y[i] * kLift + to_light.y * reach[i];
      q.z[i] = p.z[i] + normal.z[i] * kLift + to_light.z * reach[i];
    }
    field_distance<kQuads>(all.bones, all.list, all.count, q, field);
    for (int i = 0; i < kQuads; ++i) {
      const float graze = 5.0f * field.distance[i] / reach[i];
      lit[i] = graze < lit[i] ? graze : lit[i];
      reach[i] += field.distance[i] > kLeast ? field.distance[i] : kLeast;
    }
  }
  for (int i = 0; i < kQuads; ++i) {
    const float l = lit[i] < 0.0f ? 0.0f : lit[i];
    lit[i] = l * l * (3.0f - 2.0f * l);
  }
}

}  // namespace edge::render
