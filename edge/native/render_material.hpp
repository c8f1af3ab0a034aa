// SPDX-License-Identifier: Apache-2.0
// What a point of skin or sleeve is like: colour, creases, nails, from the detail maps of its hand.
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
    value[c] = w00 * texel[c] + w01 * texel[c + kMapChannels] + w10 * texel[c + kMapSide * kMapChannels] +
               w11 * texel[c + (kMapSide + 1) * kMapChannels];
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
  float gloss, nail;
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
  found.detail = detail_at(hand.maps, bone.part == kThumb ? 1 : 0, turns(across, up) + 0.5f, (v + 0.3f) / 3.9f);
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

// The skin of the back of the hand goes on, mirrored again and again, without its reddish knuckles.
EDGE_INLINE Detailed forearm_detail(const Hand &hand, Vec3 p, Vec3 normal) {
  const Vec3 q = (p - hand.wrist) * (1.0f / hand.scale);
  const float y = dot(q, hand.arm) * (1.0f / 140.0f);
  const float x = dot(q, cross(hand.arm, hand.palm_z)) * (1.0f / 110.0f) + 0.5f;
  const float folded = y - 2.0f * std::floor(0.5f * y);
  Detailed found;
  found.detail = detail_at(hand.maps, 3, x, 0.15f + 0.5f * (folded > 1.0f ? 2.0f - folded : folded));
  found.detail.redness *= 0.3f;
  found.detail.lightness *= 0.6f;
  found.detail.slope_u *= 0.5f;
  found.detail.slope_v *= 0.5f;
  found.u_direction = hand.palm_x;
  found.v_direction = hand.palm_y;
  // Its inner side is as light as the palm at the wrist only.
  const float away = smoothstep(-10.0f, 70.0f, dot(q, hand.arm));
  found.palmar = (0.95f - 0.6f * away) * smoothstep(-0.35f, 0.35f, dot(normal, hand.palm_z));
  return found;
}

EDGE_INLINE Material sleeve_material(const Hand &hand, const Bone &bone, Vec3 p, Vec3 normal) {
  const Vec3 q = p - bone.start;
  const float along = dot(q, bone.span) * std::sqrt(bone.inverse_length2);
  const float weave = along * hand.skin.sleeve_weave;
  if (bone.part == kSleeve && along < 0.3f)
    return {hand.skin.sleeve * 0.25f, normal, 0.0f, 0.0f};  // the inside of the cuff
  const float stripe = weave - std::floor(weave);
  const float fold = 0.06f * (smoothstep(0.0f, 0.5f, stripe) - smoothstep(0.5f, 1.0f, stripe));
  return {hand.skin.sleeve * (0.97f + fold), normal, 0.01f, 0.0f};
}

EDGE_INLINE Material material_at(const Hand &hand, const Bone &bone, Vec3 p, Vec3 normal) {
  if (bone.part >= kSleeve) return sleeve_material(hand, bone, p, normal);
  const bool finger = bone.part == kFinger || bone.part == kThumb;
  Detailed found;
  if (bone.part == kForearm) {
    found = forearm_detail(hand, p, normal);
  } else if (finger) {
    found = finger_detail(hand, bone, p);
  } else {
    found = palm_detail(hand, p, normal);
  }
  const Skin &skin = hand.skin;
  Vec3 albedo = mixed(skin.dorsal, skin.palmar, found.palmar);
  albedo = albedo * (1.0f + found.detail.lightness);
  const float red = found.detail.redness;
  albedo = {albedo.x * (1.0f + 0.10f * red), albedo.y * (1.0f - 0.22f * red), albedo.z * (1.0f - 0.20f * red)};
  albedo = mixed(albedo, skin.nail, found.detail.nail);
  const Vec3 bent = normal - found.u_direction * (found.detail.slope_u * skin.relief) -
                    found.v_direction * (found.detail.slope_v * skin.relief);
  return {albedo, normalised(bent), skin.gloss * (1.0f + 2.5f * found.detail.nail), found.detail.nail};
}

}  // namespace edge::render
