// SPDX-License-Identifier: Apache-2.0
// Python's door to the renderer: arrays in, checked, pixels out.
#include "render_bindings.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "render.hpp"
#include "render_grain.hpp"

namespace nb = nanobind;

namespace {

using edge::render::Bone;
using edge::render::Canvas;
using edge::render::Hand;
using edge::render::Light;
using edge::render::Vec3;

using Picture = nb::ndarray<std::uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using Ids = nb::ndarray<std::uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Depth = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Row = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Maps = nb::ndarray<const std::uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

constexpr std::size_t kBoneColumns = 20, kHandColumns = 36, kLightValues = 15, kMaxBones = 64, kMaxHands = 255;

void require(bool condition, const std::string &message) {
  if (!condition) throw nb::value_error(message.c_str());
}

Vec3 vector_at(const float *row) { return {row[0], row[1], row[2]}; }

Bone bone_from_row(const float *row) {
  Bone bone{};
  bone.start = vector_at(row);
  bone.span = vector_at(row + 3) - bone.start;
  bone.inverse_length2 = 1.0f / std::max(dot(bone.span, bone.span), 1.0e-6f);
  bone.radius = row[6];
  bone.taper = row[7] - row[6];
  bone.bulge = row[8];
  bone.bow = vector_at(row + 9);
  bone.blend_mm = std::max(row[12], 1.0e-3f);
  bone.chain = static_cast<int>(row[13]);
  bone.part = static_cast<int>(row[14]);
  bone.v_begin = row[15];
  bone.v_end = row[16];
  bone.dorsal = vector_at(row + 17);
  return bone;
}

Hand hand_from_row(const float *row, const Table &bones, const Maps &maps) {
  Hand hand{};
  const auto first = static_cast<std::size_t>(row[0]), count = static_cast<std::size_t>(row[1]);
  require(row[0] >= 0.0f && row[1] >= 1.0f && first + count <= bones.shape(0) && count <= kMaxBones,
          "a hand must name 1 to 64 rows of bones that exist");
  for (std::size_t i = first; i < first + count; ++i)
    hand.bones.push_back(bone_from_row(bones.data() + i * kBoneColumns));
  hand.scale = row[2];
  hand.arm_margin_mm = row[3];
  hand.samples = row[4] >= 2.0f ? 2 : 1;
  hand.wrist = vector_at(row + 5);
  hand.palm_x = vector_at(row + 8);
  hand.palm_y = vector_at(row + 11);
  hand.palm_z = vector_at(row + 14);
  hand.arm = vector_at(row + 17);
  hand.skin = {
      vector_at(row + 20), vector_at(row + 23), vector_at(row + 26), vector_at(row + 29), row[32], row[33], row[34]};
  hand.maps = maps.data();
  return hand;
}

void require_finite(const float *values, std::size_t count, const char *name) {
  for (std::size_t i = 0; i < count; ++i) require(std::isfinite(values[i]), std::string(name) + " must be finite");
}

void render_hands(const Picture &picture, const Ids &ids, const Depth &depth_mm, const Table &bones, const Table &hands,
                  const std::vector<Maps> &maps, const Row &light, const Row &lens) {
  using namespace edge::render;
  require(bones.shape(1) == kBoneColumns && hands.shape(1) == kHandColumns && light.shape(0) == kLightValues,
          "bones must be (P, 20), hands (N, 36) and light (15,)");
  require(hands.shape(0) <= kMaxHands && maps.size() == hands.shape(0), "maps must have one entry a hand, at most 255");
  require(lens.shape(0) == 3 && lens.data()[0] > 0.0f, "lens must be focal length, centre x, centre y in pixels");
  for (std::size_t axis = 0; axis < 2; ++axis)
    require(ids.shape(axis) == picture.shape(axis) && depth_mm.shape(axis) == picture.shape(axis),
            "ids and depth must have the height and width of the picture");
  require_finite(bones.data(), bones.size(), "bones");
  require_finite(hands.data(), hands.size(), "hands");
  require_finite(light.data(), light.size(), "light");
  std::vector<Hand> drawn;
  for (std::size_t n = 0; n < hands.shape(0); ++n) {
    require(maps[n].shape(0) == kMapCount && maps[n].shape(1) == kMapSide && maps[n].shape(2) == kMapSide &&
                maps[n].shape(3) == kMapChannels,
            "the maps of a hand must be (4, 256, 256, 5) uint8");
    drawn.push_back(hand_from_row(hands.data() + n * kHandColumns, bones, maps[n]));
  }
  const float *l = light.data();
  const Light lamp{vector_at(l), vector_at(l + 3), vector_at(l + 6), vector_at(l + 9), vector_at(l + 12)};
  const Canvas canvas{picture.data(),
                      ids.data(),
                      depth_mm.data(),
                      static_cast<int>(picture.shape(1)),
                      static_cast<int>(picture.shape(0)),
                      lens.data()[0],
                      lens.data()[1],
                      lens.data()[2]};
  std::vector<int> order;
  for (std::size_t n = 0; n < drawn.size(); ++n) order.push_back(static_cast<int>(n));
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return drawn[a].wrist.z > drawn[b].wrist.z; });
  nb::gil_scoped_release release;
  for (int n : order) draw_hand(canvas, drawn[static_cast<std::size_t>(n)], lamp, n + 1);
}

void add_grain(const Picture &picture, float sigma, std::uint32_t seed) {
  require(sigma >= 0.0f && sigma <= 128.0f, "sigma must be within 0..128");
  std::uint8_t *bytes = picture.data();
  const std::size_t count = picture.size();
  nb::gil_scoped_release release;
  edge::render::add_grain(bytes, count, sigma, seed);
}

}  // namespace

void register_render(nb::module_ &m) {
  using namespace nb::literals;
  m.def("render_hands", &render_hands, "picture"_a.noconvert(), "ids"_a.noconvert(), "depth_mm"_a.noconvert(),
        "bones"_a.noconvert(), "hands"_a.noconvert(), "maps"_a, "light"_a.noconvert(), "lens"_a.noconvert());
  m.def("add_grain", &add_grain, "picture"_a.noconvert(), "sigma"_a, "seed"_a);
}
