// SPDX-License-Identifier: Apache-2.0
// The signed distance of a hand: bent, tapered capsules joined smoothly along each finger and finger to palm, but not
// finger to finger. Quadratic smooth minimum after Inigo Quilez, "Smooth minimum", 2013.
#pragma once

#include <cmath>

#if defined(__GNUC__)
#define EDGE_INLINE inline __attribute__((always_inline))
#else
#define EDGE_INLINE inline
#endif

// One function compiled for several instruction sets, chosen when the library loads.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#define EDGE_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define EDGE_CLONES
#endif

namespace edge::render {

constexpr int kLanes = 64;  // points handled together: one tile of 8 x 8
constexpr float kOcclusionReach_mm = 16.0f;
constexpr float kFar = 1.0e6f;  // millimetres; also "no surface"

enum Part { kPalm = 0, kFinger = 1, kThumb = 2, kForearm = 3, kSleeve = 4, kCloth = 5 };

struct Vec3 {
  float x, y, z;
};

EDGE_INLINE Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
EDGE_INLINE Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
EDGE_INLINE Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
EDGE_INLINE float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
EDGE_INLINE Vec3 cross(Vec3 a, Vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
EDGE_INLINE float length(Vec3 a) { return std::sqrt(dot(a, a)); }
EDGE_INLINE Vec3 normalised(Vec3 a) { return a * (1.0f / (length(a) + 1.0e-12f)); }
EDGE_INLINE float clamped(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }
EDGE_INLINE float smoothstep(float low, float high, float x) {
  const float t = clamped((x - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3.0f - 2.0f * t);
}

// A capsule from `start` along `span`; at t its axis is shifted by s `bow`, its radius is radius + t taper + s bulge,
// s = 16 t^2 (1 - t)^2, so that it bends without a kink at its ends. Millimetres, camera space.
struct Bone {
  Vec3 start, span, bow, dorsal;
  float inverse_length2, radius, taper, bulge;
  float blend_mm;
  float v_begin, v_end;  // place along the finger in its texture
  int chain;             // 0 palm and forearm; 1 to 5 fingers; 6 sleeve
  int part;
};

struct alignas(64) Points {
  float x[kLanes], y[kLanes], z[kLanes];
};

struct alignas(64) Field {
  float distance[kLanes];
};

EDGE_INLINE float smooth_minimum(float a, float b, float blend) {
  const float low = a < b ? a : b;
  const float gap = a < b ? b - a : a - b;
  const float h = blend - gap > 0.0f ? blend - gap : 0.0f;
  return low - h * h * (0.25f / blend);
}

EDGE_INLINE float bone_distance(const Bone &bone, float x, float y, float z) {
  const float qx = x - bone.start.x, qy = y - bone.start.y, qz = z - bone.start.z;
  float t = (qx * bone.span.x + qy * bone.span.y + qz * bone.span.z) * bone.inverse_length2;
  t = t < 0.0f ? 0.0f : t;
  t = t > 1.0f ? 1.0f : t;
  const float w = t * (1.0f - t), s = 16.0f * w * w;
  const float rx = qx - t * bone.span.x - s * bone.bow.x;
  const float ry = qy - t * bone.span.y - s * bone.bow.y;
  const float rz = qz - t * bone.span.z - s * bone.bow.z;
  return std::sqrt(rx * rx + ry * ry + rz * rz) - (bone.radius + t * bone.taper + s * bone.bulge);
}

// A sleeve is cut off flat at its start, where the arm comes out; other cloth is not.
EDGE_INLINE float sleeve_distance(const Bone &bone, float x, float y, float z) {
  const float qx = x - bone.start.x, qy = y - bone.start.y, qz = z - bone.start.z;
  const float beyond = -(qx * bone.span.x + qy * bone.span.y + qz * bone.span.z) * std::sqrt(bone.inverse_length2);
  const float d = bone_distance(bone, x, y, z);
  return d > beyond || bone.part == kCloth ? d : beyond;
}

// Distances at the first `count` points. `list` names `bones` in their order: the palm, then each finger from its root.
template <int count>
EDGE_INLINE void field_distance(const Bone *bones, const int *list, int listed, const Points &p, Field &out) {
  alignas(64) float palm[count], chain[count];
  for (int i = 0; i < count; ++i) palm[i] = out.distance[i] = kFar;
  int current = 0;
  for (int k = 0; k < listed; ++k) {
    const Bone bone = bones[list[k]];
    if (bone.chain == 0) {
      for (int i = 0; i < count; ++i)
        palm[i] = smooth_minimum(palm[i], bone_distance(bone, p.x[i], p.y[i], p.z[i]), bone.blend_mm);
    } else if (bone.chain != current) {
      current = bone.chain;
      if (bone.part >= kSleeve) {
        for (int i = 0; i < count; ++i) {
          chain[i] = sleeve_distance(bone, p.x[i], p.y[i], p.z[i]);
          out.distance[i] = out.distance[i] < chain[i] ? out.distance[i] : chain[i];
        }
        continue;
      }
      for (int i = 0; i < count; ++i) {
        chain[i] = bone_distance(bone, p.x[i], p.y[i], p.z[i]);
        const float web = smooth_minimum(palm[i], chain[i], bone.blend_mm);
        out.distance[i] = out.distance[i] < web ? out.distance[i] : web;
      }
    } else {
      for (int i = 0; i < count; ++i) {
        chain[i] = smooth_minimum(chain[i], bone_distance(bone, p.x[i], p.y[i], p.z[i]), bone.blend_mm);
        out.distance[i] = out.distance[i] < chain[i] ? out.distance[i] : chain[i];
      }
    }
  }
  for (int i = 0; i < count; ++i) out.distance[i] = out.distance[i] < palm[i] ? out.distance[i] : palm[i];
}

// The bone nearest to each point: what its skin is called.
EDGE_INLINE void nearest_bone(const Bone *bones, const int *list, int listed, const Points &p, int *nearest) {
  alignas(64) float best[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    best[i] = kFar;
    nearest[i] = -1;
  }
  for (int k = 0; k < listed; ++k) {
    const int number = list[k];
    const Bone bone = bones[number];
    for (int i = 0; i < kLanes; ++i) {
      const float d = bone_distance(bone, p.x[i], p.y[i], p.z[i]);
      nearest[i] = d < best[i] ? number : nearest[i];
      best[i] = d < best[i] ? d : best[i];
    }
  }
}

}  // namespace edge::render
