// SPDX-License-Identifier: Apache-2.0
// Draws hands, given as capsules and skin, over a picture, by sphere tracing (J. C. Hart, "Sphere tracing", 1996).
#pragma once

#include <cstdint>
#include <vector>

#include "render_light.hpp"

namespace edge::render {

// Detail maps of a hand: finger, thumb, palm, back of the hand.
constexpr int kMapCount = 4;
constexpr int kMapSide = 256;
constexpr int kMapChannels =
    5;  // slope along u, slope along v, lightness, redness, nail; 128 is "none" in the first three

// Linear light colours, 0..1.
struct Skin {
  Vec3 dorsal, palmar, nail, sleeve;
  float gloss;         // strength of the highlight
  float relief;        // strength of creases and grain
  float sleeve_weave;  // cycles a millimetre
};

struct Hand {
  std::vector<Bone> bones;
  Vec3 wrist, palm_x, palm_y, palm_z;  // towards thumb, fingertips, out of the palm
  Vec3 arm;                            // from wrist towards elbow, unit
  float scale;                         // 1 for a hand of 190 mm
  float arm_margin_mm;                 // skin further than this past the wrist is forearm, not hand
  int samples;                         // 1 or 2: rays a pixel along each axis
  Skin skin;
  const std::uint8_t *maps;  // (kMapCount, kMapSide, kMapSide, kMapChannels)
};

// `ids` gets the hand's number where its skin covers most of a pixel; `depth_mm` is along the optical axis.
struct Canvas {
  std::uint8_t *bgr;
  std::uint8_t *ids;
  float *depth_mm;
  int width_px, height_px;
  float focal_px, centre_x_px, centre_y_px;
};

// Draws `hand` over the canvas with `id`; nearer pixels already drawn stay. Draw far hands first.
void draw_hand(const Canvas &canvas, const Hand &hand, const Light &light, int id);

}  // namespace edge::render
