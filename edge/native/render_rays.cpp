// SPDX-License-Identifier: Apache-2.0
#include "render_rays.hpp"

namespace edge::render {
namespace {

constexpr int kApproachSteps = 40;
constexpr int kMaxSteps = 96;  // rays along a sleeve need many; most are done after a few
constexpr int kShadowSteps = 9;
constexpr int kCommonSteps = 4;
constexpr float kOn = 0.2f;  // pixels from the surface that count as on it

// One ray for each 2 x 2 goes ahead, as a cone around the four; true if any cone touches something.
EDGE_CLONES bool approach(const BoneList &near, const Rays &rays, float focal_px, float near_z, float far_z,
                          float *start_z) {
  constexpr float kConePx = 0.7072f + 1.0f;  // from the middle of four rays to each, and what counts as an edge
  alignas(64) float dx[kQuads], dy[kQuads], inverse_length[kQuads], z[kQuads];
  Points p;
  Field field;
  const float mm_per_px = 1.0f / focal_px;
  for (int quad = 0; quad < kQuads; ++quad) {
    const int corner = quad / 4 * 16 + quad % 4 * 2;
    dx[quad] = 0.5f * (rays.dx[corner] + rays.dx[corner + 9]);
    dy[quad] = 0.5f * (rays.dy[corner] + rays.dy[corner + 9]);
    inverse_length[quad] = rays.inverse_length[corner];
    z[quad] = near_z;
  }
  int touching = 0;
  for (int step = 0; step < kApproachSteps; ++step) {
    for (int i = 0; i < kQuads; ++i) {
      p.x[i] = dx[i] * z[i];
      p.y[i] = dy[i] * z[i];
      p.z[i] = z[i];
    }
    field_distance<kQuads>(near.bones, near.list, near.count, p, field);
    int walking = 0;
    touching = 0;
    for (int i = 0; i < kQuads; ++i) {
      const float gap = field.distance[i] - kConePx * z[i] * mm_per_px;
      const bool on = (gap > 0.0f) & (z[i] < far_z);
      z[i] += on ? (gap + 0.2f * z[i] * mm_per_px) * inverse_length[i] : 0.0f;
      walking += on ? 1 : 0;
      touching += gap <= 0.0f ? 1 : 0;
    }
    if (walking == 0) break;
  }
  for (int i = 0; i < kLanes; ++i) start_z[i] = z[i / 16 * 4 + i % 8 / 2];
  bool inside = false;
  for (int i = 0; i < kQuads; ++i) inside |= z[i] < far_z;
  return touching > 0 || inside;
}

// Rays under way: where they are, and how near to the surface, in pixels, they came at best.
template <int count>
struct alignas(64) Walk {
  float dx[count], dy[count], inverse_length[count], z[count], best[count], best_z[count];
};

template <int count>
EDGE_INLINE void take(const Walk<kLanes> &from, int lane, Walk<count> &to, int k) {
  to.dx[k] = from.dx[lane];
  to.dy[k] = from.dy[lane];
  to.inverse_length[k] = from.inverse_length[lane];
  to.z[k] = from.z[lane];
  to.best[k] = from.best[lane];
  to.best_z[k] = from.best_z[lane];
}

// Takes one step and returns how many rays still walk.
template <int count>
EDGE_INLINE int advance(const BoneList &near, float focal_px, float far_z, Walk<count> &walk) {
  Points p;
  Field field;
  const float mm_per_px = 1.0f / focal_px;
  for (int i = 0; i < count; ++i) {
    p.x[i] = walk.dx[i] * walk.z[i];
    p.y[i] = walk.dy[i] * walk.z[i];
    p.z[i] = walk.z[i];
  }
  field_distance<count>(near.bones, near.list, near.count, p, field);
  int walking = 0;
  for (int i = 0; i < count; ++i) {
    const float pixel_mm = walk.z[i] * mm_per_px;
    const float gap = field.distance[i] + 0.5f * pixel_mm;
    const float ratio = gap / pixel_mm;
    const bool closer = ratio < walk.best[i];
    walk.best[i] = closer ? ratio : walk.best[i];
    walk.best_z[i] = closer ? walk.z[i] : walk.best_z[i];
    const bool on = (walk.best[i] > kOn) & (walk.z[i] < far_z);
    const float least = 0.7f * pixel_mm;
    const float stride = gap > least ? gap : least;
    walk.z[i] += on ? stride * walk.inverse_length[i] : 0.0f;
    walking += on ? 1 : 0;
  }
  return walking;
}

}  // namespace

EDGE_CLONES int march(const BoneList &near, const Rays &rays, float focal_px, float near_z, float far_z, Hits &hits) {
  Walk<kLanes> all;
  if (!approach(near, rays, focal_px, near_z, far_z, all.z)) return 0;
  for (int i = 0; i < kLanes; ++i) {
    all.dx[i] = rays.dx[i];
    all.dy[i] = rays.dy[i];
    all.inverse_length[i] = rays.inverse_length[i];
    all.best[i] = kFar;
    all.best_z[i] = all.z[i];
  }
  for (int step = 0; step < kCommonSteps && advance(near, focal_px, far_z, all) > 0; ++step) continue;
  // The few rays that still walk, along an edge, go on in small groups.
  int lanes[kLanes], left = 0;
  for (int i = 0; i < kLanes; ++i)
    if (all.best[i] > kOn && all.z[i] < far_z) lanes[left++] = i;
  for (int first = 0; first < left; first += kQuads) {
    Walk<kQuads> few;
    for (int k = 0; k < kQuads; ++k) take(all, lanes[first + k < left ? first + k : first], few, k);
    for (int step = kCommonSteps; step < kMaxSteps && advance(near, focal_px, far_z, few) > 0; ++step) continue;
    for (int k = 0; k < kQuads && first + k < left; ++k) {
      all.best[lanes[first + k]] = few.best[k];
      all.best_z[lanes[first + k]] = few.best_z[k];
    }
  }
  int found = 0;
  for (int i = 0; i < kLanes; ++i) {
    const float cover = all.best[i] <= kOn ? 1.0f : 1.0f - all.best[i];
    hits.cover[i] = cover > 0.02f ? cover : 0.0f;
    hits.z[i] = all.best_z[i];
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
