// SPDX-License-Identifier: Apache-2.0
// The vectorised steps of drawing one tile: walk the rays, find normals, occlusion and shadow.
#pragma once

#include "render_field.hpp"

namespace edge::render {

// Bones that matter for a tile, in their order.
struct BoneList {
  const Bone *bones;
  const int *list;
  int count;
};

// Directions through the pixels, with z = 1.
struct alignas(64) Rays {
  float dx[kLanes], dy[kLanes], inverse_length[kLanes];
};

struct alignas(64) Hits {
  float z[kLanes], cover[kLanes];  // depth along the optical axis; 0..1 of the pixel covered
};

// Light is found for one point in four and shared with its neighbours.
constexpr int kQuads = kLanes / 4;

// Walks every ray to the surface and returns how many pixels show some. Rays that just miss cover part of their pixel.
int march(const BoneList &near, const Rays &rays, float focal_px, float near_z, float far_z, Hits &hits);

// Outward normals by differences over 0.25 mm, and the bone nearest to each point.
void find_surface(const BoneList &near, const Points &p, Points &normal, int *bone);

// Of the first kQuads points: `open` is 1 without ambient occlusion, from three samples of the field along the normal.
void find_openness(const BoneList &wide, const Points &p, const Points &normal, float scale, float *open);

// Of the first kQuads points: `lit` is 0 in the hand's own shadow; soft by how nearly the way to the light grazes it.
void find_shadow(const BoneList &all, const Points &p, const Points &normal, Vec3 to_light, float scale, float *lit);

}  // namespace edge::render
