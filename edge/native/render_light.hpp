// SPDX-License-Identifier: Apache-2.0
// Light on skin: wrapped diffuse with a reddish edge, ambient occlusion that skin itself brightens, highlights.
#pragma once

#include "render_rays.hpp"

namespace edge::render {

// Light colours are linear, 1 for a white surface facing it.
struct Light {
  Vec3 direction;  // towards the light, unit, camera space
  Vec3 colour, sky, ground, fill;
};

// The surface at each point; albedo linear, normals with creases.
struct alignas(64) Materials {
  float red[kLanes], green[kLanes], blue[kLanes];
  float nx[kLanes], ny[kLanes], nz[kLanes];
  float gloss[kLanes], nail[kLanes];
  float open[kLanes], lit[kLanes];
};

struct alignas(64) Colours {
  float red[kLanes], green[kLanes], blue[kLanes];
};

// Linear light leaving each point towards the camera.
void light_surface(const Materials &surface, const Rays &rays, const Light &light, Colours &out);

}  // namespace edge::render
