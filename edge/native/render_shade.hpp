// SPDX-License-Identifier: Apache-2.0
// What a point of skin looks like: detail maps, wrapped diffuse light with a reddish edge, ambient occlusion, highlights.
#pragma once

#include "render.hpp"

namespace edge::render {

struct Detail {
  float slope_u = 0.0f, slope_v = 0.0f, lightness = 0.0f, redness = 0.0f, nail = 0.0f;
};

// Bilinear look-up; u and v in 0..1, clamped.
EDGE_INLINE Detail detail_at(const std::uint8_t *maps, int map, float u, float v) {
  const float x = clamped(u * kMapSide - 0.5f, 0.0f, kMapSide - 1.001f);
  const float y = clamped(v * kMapSide - 0.5f, 0.0f, kMapSide - 1.001f);
  const int column = static_cast<int>(x), row = static_cast<int>(y);
  const float fx = x - static_cast<float>(column), fy = y - static_cast<float>(row);
  const std::uint8_t *texel = maps + ((map * kMapSide + row) * kMapSide + column) * kMapChannels;
  const float w00 = (1.0f - fx) * (1.0f - fy), w01 = fx * (1.0f - fy), w10 = (1.0f - fx) * fy, w11 = fx * fy;
  float value[kMapChannels];
  for (int c = 0; c < kMapChannels; ++c)
    value[c] = w00 * texel[c] + w01 * texel[c + kMapChannels] + w10 * texel[c + kMapSide * kMapChannels]
               + w11 * texel[c + (kMapSide + 1) * kMapChannels];
  return {(value[0] - 128.0f) * (1.0f / 64.0f), (value[1] - 128.0f) * (1.0f / 64.0f),
          (value[2] - 128.0f) * (1.0f / 128.0f), value[3] * (1.0f / 255.0f), value[4] * (1.0f / 255.0f)};
}

// Polynomial arctangent of y / x over the full circle, in turns from -0.5 to 0.5; error below 0.001 turns.
EDGE_INLINE float turns(float y, float x) {
  const float ax = x < 0.0f ? -x : x, ay = y < 0.0f ? -y : y;
  const float low = ax < ay ? ax : ay, high = (ax < ay ? ay : ax) + 1.0e-9f;
  const float r = low / high;
  float a = r * (0.25f + 0.0435f * (1.0f - r)) * 0.5f;
  a = ay > ax ? 0.25f - a : a;
  a = x < 0.0f ? 0.5f - a : a;
  return y < 0.0f ? -a : a;
}

struct Material {
  Vec3 albedo, normal;
  float gloss, shine;
};

EDGE_INLINE Vec3 mixed(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }

struct Detailed {
  Detail detail;
  Vec3 u_direction, v_direction;
  float palmar;  // 0 back of the hand, 1 palm side
};

EDGE_INLINE Detailed finger_detail(const Hand &hand, const Bone &bone, Vec3 p) {
  const Vec3 q = p - bone.start;
  const float t = clamped(dot(q, bone.span) * bone.inverse_length2, -0.5f, 1.6f);
  const Vec3 axis = bone.span * std::sqrt(bone.inverse_length2);
  const Vec3 side = cross(axis, bone.dorsal);
  const Vec3 r = q - bone.span * t;
  const float up = dot(r, bone.dorsal), across = dot(r, side);
  const float v = bone.v_begin + (bone.v_end - bone.v_begin) * t;
  Detailed found;
  found.detail = detail_at(hand.maps, bone.part == kThumb ? 1 : 0, turns(across, up) + 0.5f, (v + 0.3f) / 3.8f);
  const float reach = std::sqrt(up * up + across * across) + 1.0e-6f;
  found.u_direction = (side * up - bone.dorsal * across) * (1.0f / reach);
  found.v_direction = axis;
  found.palmar = smoothstep(-0.25f, 0.55f, -up / reach);
  return found;
}

EDGE_INLINE Detailed palm_detail(const Hand &hand, Vec3 p, Vec3 normal) {
  const Vec3 q = (p - hand.wrist) * (1.0f / hand.scale);
  const float facing = dot(normal, hand.palm_z);
  Detailed found;
  found.detail = detail_at(hand.maps, facing > 0.0f ? 2 : 3, dot(q, hand.palm_x) / 110.0f + 0.5f,
                           (dot(q, hand.palm_y) + 20.0f) / 130.0f);
  const float weight = smoothstep(0.1f, 0.5f, facing > 0.0f ? facing : -facing);
  found.detail.slope_u *= weight;
  found.detail.slope_v *= weight;
  found.detail.lightness *= weight;
  found.u_direction = hand.palm_x;
  found.v_direction = hand.palm_y;
  found.palmar = smoothstep(-0.35f, 0.35f, facing);
  return found;
}

EDGE_INLINE Material sleeve_material(const Hand &hand, const Bone &bone, Vec3 p, Vec3 normal) {
  const Vec3 q = p - bone.start;
  const float along = dot(q, bone.span) * std::sqrt(bone.inverse_length2);
  const float weave = along * hand.skin.sleeve_weave;
  const float stripe = weave - std::floor(weave);
  const float fold = 0.06f * (smoothstep(0.0f, 0.5f, stripe) - smoothstep(0.5f, 1.0f, stripe));
  return {hand.skin.sleeve * (0.97f + fold), normal, 0.02f, 6.0f};
}

EDGE_INLINE Material material_at(const Hand &hand, const Bone &bone, Vec3 p, Vec3 normal) {
  if (bone.part == kSleeve) return sleeve_material(hand, bone, p, normal);
  const bool finger = bone.part == kFinger || bone.part == kThumb;
  Detailed found;
  if (finger) {
    found = finger_detail(hand, bone, p);
  } else {
    found = palm_detail(hand, p, normal);
  }
  if (bone.part == kForearm) {
    found.palmar *= 0.45f;
    found.detail.redness *= 0.3f;
  }
  const Skin &skin = hand.skin;
  Vec3 albedo = mixed(skin.dorsal, skin.palmar, found.palmar);
  albedo = albedo * (1.0f + found.detail.lightness);
  const float red = found.detail.redness;
  albedo = {albedo.x * (1.0f + 0.10f * red), albedo.y * (1.0f - 0.22f * red), albedo.z * (1.0f - 0.20f * red)};
  albedo = mixed(albedo, skin.nail, found.detail.nail);
  const Vec3 bent = normal - found.u_direction * (found.detail.slope_u * skin.relief)
                    - found.v_direction * (found.detail.slope_v * skin.relief);
  return {albedo, normalised(bent), skin.gloss * (1.0f + 2.5f * found.detail.nail), 18.0f + 50.0f * found.detail.nail};
}

// Linear light leaving the point towards the camera. `open` is 1 - ambient occlusion, `lit` 1 - shadow.
EDGE_INLINE Vec3 shaded(const Material &material, const Light &light, Vec3 view, Vec3 smooth_normal, float open,
                        float lit) {
  const float toward = dot(material.normal, light.direction);
  const Vec3 wrap{0.38f, 0.16f, 0.10f};
  const Vec3 diffuse{clamped((toward + wrap.x) / (1.0f + wrap.x), 0.0f, 1.0f),
                     clamped((toward + wrap.y) / (1.0f + wrap.y), 0.0f, 1.0f),
                     clamped((toward + wrap.z) / (1.0f + wrap.z), 0.0f, 1.0f)};
  const Vec3 shadow{0.25f * (1.0f - lit) * lit + lit, lit, lit};  // light bleeds red into the edge of a shadow
  const float up = 0.5f - 0.5f * material.normal.y;
  const Vec3 ambient = mixed(light.ground, light.sky, up) + light.fill * clamped(-material.normal.z, 0.0f, 1.0f);
  const Vec3 occlusion{open * (1.25f - 0.25f * open), open, open * (0.95f + 0.05f * open)};
  const Vec3 half = normalised(light.direction + view);
  const float facing = clamped(dot(material.normal, view), 0.0f, 1.0f);
  const float edge = (1.0f - facing) * (1.0f - facing);
  const float fresnel = 0.35f + 1.6f * edge * edge;
  float peak = clamped(dot(material.normal, half), 0.0f, 1.0f);
  peak = std::exp2((peak - 1.0f) * material.shine * 1.4427f);
  const float highlight = peak * material.gloss * fresnel * lit * clamped(toward * 4.0f, 0.0f, 1.0f);
  const float sheen = 0.25f * material.gloss * edge * open * clamped(0.5f - 0.5f * smooth_normal.y, 0.0f, 1.0f);
  return {material.albedo.x * (light.colour.x * diffuse.x * shadow.x + ambient.x * occlusion.x)
              + highlight * light.colour.x + sheen * light.sky.x,
          material.albedo.y * (light.colour.y * diffuse.y * shadow.y + ambient.y * occlusion.y)
              + highlight * light.colour.y + sheen * light.sky.y,
          material.albedo.z * (light.colour.z * diffuse.z * shadow.z + ambient.z * occlusion.z)
              + highlight * light.colour.z + sheen * light.sky.z};
}

}  // namespace edge::render
