// SPDX-License-Identifier: Apache-2.0
#include "render_light.hpp"

namespace edge::render {
namespace {

EDGE_INLINE float unit(float x) {
  x = x < 0.0f ? 0.0f : x;
  return x > 1.0f ? 1.0f : x;
}

// Light reaching past the terminator, as it does in skin; more of the red.
EDGE_INLINE float wrapped(float toward, float wrap) { return unit((toward + wrap) / (1.0f + wrap)); }

EDGE_INLINE float sixteenth_power(float x) {
  x *= x;
  x *= x;
  x *= x;
  return x * x;
}

}  // namespace

EDGE_CLONES void light_surface(const Materials &surface, const Rays &rays, const Light &light, Colours &out) {
  const Light l = light;
  for (int i = 0; i < kLanes; ++i) {
    const float nx = surface.nx[i], ny = surface.ny[i], nz = surface.nz[i];
    const float vx = -rays.dx[i] * rays.inverse_length[i], vy = -rays.dy[i] * rays.inverse_length[i];
    const float vz = -rays.inverse_length[i];
    const float toward = nx * l.direction.x + ny * l.direction.y + nz * l.direction.z;
    const float hx = l.direction.x + vx, hy = l.direction.y + vy, hz = l.direction.z + vz;
    const float peak = unit((nx * hx + ny * hy + nz * hz) / std::sqrt(hx * hx + hy * hy + hz * hz + 1.0e-6f));
    const float broad = sixteenth_power(peak), sharp = broad * broad * broad * broad;
    const float edge = 1.0f - unit(nx * vx + ny * vy + nz * vz);
    const float fresnel = 0.35f + 1.6f * edge * edge * edge * edge;
    const float open = surface.open[i], lit = surface.lit[i];
    const float gloss = surface.gloss[i] * (broad + (sharp - broad) * surface.nail[i]) * fresnel;
    const float highlight = gloss * lit * unit(toward * 4.0f);
    const float sheen = 0.25f * surface.gloss[i] * edge * edge * open * unit(0.5f - 0.5f * ny);
    const float up = 0.5f - 0.5f * ny, front = unit(-nz);
    const float red_lit = lit + 0.25f * lit * (1.0f - lit);
    // The deepest gap between fingers is dark red, not black.
    const float ambient_r = (l.ground.x + (l.sky.x - l.ground.x) * up + l.fill.x * front) * (0.30f + 0.70f * open);
    const float ambient_g = (l.ground.y + (l.sky.y - l.ground.y) * up + l.fill.y * front) * (0.17f + 0.83f * open);
    const float ambient_b = (l.ground.z + (l.sky.z - l.ground.z) * up + l.fill.z * front) * (0.15f + 0.85f * open);
    out.red[i] = surface.red[i] * (l.colour.x * wrapped(toward, 0.38f) * red_lit + ambient_r) + highlight * l.colour.x +
                 sheen * l.sky.x;
    out.green[i] = surface.green[i] * (l.colour.y * wrapped(toward, 0.16f) * lit + ambient_g) + highlight * l.colour.y +
                   sheen * l.sky.y;
    out.blue[i] = surface.blue[i] * (l.colour.z * wrapped(toward, 0.10f) * lit + ambient_b) + highlight * l.colour.z +
                  sheen * l.sky.z;
  }
}

}  // namespace edge::render
