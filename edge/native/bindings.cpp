// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "decode.hpp"
#include "hands.hpp"
#include "kernels.hpp"
#include "mask.hpp"
#include "render_bindings.hpp"
#include "second_look.hpp"
#include "simcc.hpp"
#include "softmax.hpp"
#include "twin_bindings.hpp"
#include "warp.hpp"

namespace nb = nanobind;

namespace {

using Maps = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<nb::device::cpu>;
using Source = nb::ndarray<nb::ro, nb::device::cpu>;
using Values = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Level = nb::ndarray<const float, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using Boxes = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Logits = Boxes;
using Bins = nb::ndarray<const float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Map = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

constexpr std::int64_t kMaxSide = 1 << 20;

template <typename Array>
std::string shape_of(const Array &array) {
  std::string text = "(";
  for (std::size_t i = 0; i < array.ndim(); ++i) {
    text += std::to_string(array.shape(i));
    if (i + 1 < array.ndim()) text += ", ";
  }
  return text + (array.ndim() == 1 ? ",)" : ")");
}

void require(bool condition, const std::string &message) {
  if (!condition) throw nb::value_error(message.c_str());
}

edge::Picture picture_from_array(const Source &src, int format) {
  require(format >= edge::kBgr && format <= edge::kYuyv,
          "pixel_format must be 0 (BGR), 1 (GRAY), 2 (NV12) or 3 (YUYV), got " + std::to_string(format));
  require(src.dtype() == nb::dtype<std::uint8_t>(), "src must be uint8; convert the picture to 8 bits first");
  static const char *const expected[] = {"(H, W, 3) for BGR", "(H, W) for GRAY", "(H * 3 / 2, W) for NV12",
                                         "(H, W, 2) for YUYV"};
  const std::size_t channels = format == edge::kBgr ? 3 : (format == edge::kYuyv ? 2 : 0);
  const bool right = channels ? src.ndim() == 3 && src.shape(2) == channels : src.ndim() == 2;
  require(right, std::string("src must be ") + expected[format] + ", got " + shape_of(src));
  const auto rows = static_cast<std::int64_t>(src.shape(0)), columns = static_cast<std::int64_t>(src.shape(1));
  require(rows > 0 && columns > 0 && rows <= kMaxSide && columns <= kMaxSide,
          "src must have between 1 and 1048576 rows and columns, got " + shape_of(src));
  require(format != edge::kNv12 || (rows % 3 == 0 && columns % 2 == 0),
          "an NV12 picture has even sides, so src must be (H * 3 / 2, W) with H and W even, got " + shape_of(src));
  require(format != edge::kYuyv || columns % 2 == 0, "a YUYV picture has an even width, got " + shape_of(src));
  edge::Picture picture{};
  picture.pixels = static_cast<const std::uint8_t *>(src.data());
  picture.row_stride = src.stride(0);
  picture.column_stride = src.stride(1);
  picture.channel_stride = channels ? src.stride(2) : 0;
  picture.height = static_cast<int>(format == edge::kNv12 ? rows / 3 * 2 : rows);
  picture.width = static_cast<int>(columns);
  picture.chroma = picture.pixels + picture.height * picture.row_stride;
  picture.format = format;
  return picture;
}

edge::Tensor tensor_from_array(const Out &out) {
  require(out.dtype() == nb::dtype<float>(), "out must be float32");
  require(out.ndim() == 4 && (out.shape(1) == 1 || out.shape(1) == 3),
          "out must be (N, C, H, W) with C 1 or 3, got " + shape_of(out));
  std::int64_t step = 1;
  const bool empty = out.size() == 0;
  for (int i = 3; i >= 0; --i) {
    const auto length = static_cast<std::int64_t>(out.shape(static_cast<std::size_t>(i)));
    require(length <= kMaxSide, "out must have at most 1048576 of anything, got " + shape_of(out));
    require(empty || length == 1 || out.stride(static_cast<std::size_t>(i)) == step, "out must be C-contiguous");
    step *= length;
  }
  return {static_cast<float *>(out.data()), static_cast<int>(out.shape(0)), static_cast<int>(out.shape(1)),
          static_cast<int>(out.shape(2)), static_cast<int>(out.shape(3))};
}

void fill(float *to, const Values &from, int channels, const char *name) {
  require(static_cast<int>(from.shape(0)) == channels, std::string(name) + " must have one value for each of the " +
                                                           std::to_string(channels) + " channels of out, got " +
                                                           shape_of(from));
  for (int c = 0; c < channels; ++c) {
    to[c] = from.data()[c];
    require(std::isfinite(to[c]), std::string(name) + " must be finite");
  }
}

edge::AffineMap map_from_values(const double *m) {
  for (int i = 0; i < 6; ++i) require(std::isfinite(m[i]), "matrices must be finite");
  return {m[0], m[1], m[2], m[3], m[4], m[5]};
}

void warp_normalise(const Source &src, int pixel_format, const Maps &matrices, const Out &out, const Values &mean,
                    const Values &std, const Values &pad, bool rgb, int threads) {
  const edge::Picture picture = picture_from_array(src, pixel_format);
  const edge::Tensor tensor = tensor_from_array(out);
  require(matrices.shape(1) == 2 && matrices.shape(2) == 3 && matrices.shape(0) == out.shape(0),
          "matrices must be (N, 2, 3) with one map for each of the " + std::to_string(tensor.count) +
              " pictures of out, got " + shape_of(matrices));
  require(threads >= 1, "threads must be at least 1, got " + std::to_string(threads));
  edge::Normalisation normalisation{};
  fill(normalisation.mean, mean, tensor.channels, "mean");
  fill(normalisation.std, std, tensor.channels, "std");
  fill(normalisation.pad, pad, tensor.channels, "pad");
  for (int c = 0; c < tensor.channels; ++c) require(normalisation.std[c] > 0.0f, "std must be above 0");
  normalisation.rgb = rgb;
  std::vector<edge::AffineMap> maps;
  for (int n = 0; n < tensor.count; ++n) maps.push_back(map_from_values(matrices.data() + 6 * n));
  nb::gil_scoped_release release;
  edge::warp_normalise(picture, maps.data(), tensor, normalisation, threads);
}

std::vector<std::string> available_kernels() {
  std::vector<std::string> names;
  for (const edge::Kernels *const *table = edge::available_kernels(); *table != nullptr; ++table) {
    names.emplace_back((*table)->name);
  }
  return names;
}

void use_kernels(const std::string &name) {
  std::string choices;
  for (const std::string &choice : available_kernels()) choices += (choices.empty() ? "" : ", ") + choice;
  require(edge::use_kernels(name.c_str()), "this processor has no kernels \"" + name + "\"; it has " + choices);
}

template <typename Scalar>
nb::object array_from_vector(std::vector<Scalar> &&values, std::vector<std::size_t> shape) {
  auto *owned = new std::vector<Scalar>(std::move(values));
  nb::capsule owner(owned, [](void *p) noexcept { delete static_cast<std::vector<Scalar> *>(p); });
  return nb::cast(nb::ndarray<nb::numpy, Scalar>(owned->data(), shape.size(), shape.data(), owner));
}

// With as few candidates as a frame has, what follows takes less time than to give the GIL back and to get it again.
constexpr std::size_t kFewCandidates = 64;

nb::tuple decode_ltrb(const std::vector<Level> &levels, const std::vector<int> &strides, int picture, float min_score,
                      int max_candidates) {
  require(levels.size() == strides.size(), "levels and strides must be equally many, got " +
                                               std::to_string(levels.size()) + " and " +
                                               std::to_string(strides.size()));
  require(max_candidates >= 0, "max_candidates must not be negative, got " + std::to_string(max_candidates));
  require(!std::isnan(min_score), "min_score must be a number");
  std::vector<edge::LevelMap> maps;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const Level &level = levels[l];
    require(level.shape(1) == 5, "a level must be (N, 5, h, w), got " + shape_of(level));
    require(picture >= 0 && picture < static_cast<std::int64_t>(level.shape(0)),
            "picture must be a row of every level, got " + std::to_string(picture) + " for " + shape_of(level));
    require(strides[l] >= 1, "a stride must be at least 1, got " + std::to_string(strides[l]));
    const std::size_t image = level.shape(1) * level.shape(2) * level.shape(3);
    maps.push_back({level.data() + static_cast<std::size_t>(picture) * image, static_cast<int>(level.shape(2)),
                    static_cast<int>(level.shape(3)), strides[l]});
  }
  edge::Candidates found = edge::decode_ltrb(maps, min_score, max_candidates);
  const std::size_t count = found.scores.size();
  return nb::make_tuple(array_from_vector(std::move(found.boxes_xyxy), {count, 4}),
                        array_from_vector(std::move(found.scores), {count}));
}

nb::tuple place_hands(const Boxes &boxes, const Values &scores, float iou, int max_keep, const Map &matrix, int width,
                      int height) {
  require(boxes.shape(1) == 4 && scores.shape(0) == boxes.shape(0),
          "boxes must be (K, 4) and scores (K,), got " + shape_of(boxes) + " and " + shape_of(scores));
  require(iou >= 0.0f && iou <= 1.0f, "iou must be within 0..1");
  require(max_keep >= 0, "max_keep must not be negative, got " + std::to_string(max_keep));
  require(matrix.shape(0) == 2 && matrix.shape(1) == 3, "matrix must be (2, 3), got " + shape_of(matrix));
  require(width >= 1 && height >= 1, "width and height must be at least 1");
  const std::size_t count = boxes.shape(0);
  for (std::size_t k = 0; k < count; ++k) {
    const float *box = boxes.data() + 4 * k;
    const bool finite = std::isfinite(box[0]) && std::isfinite(box[1]) && std::isfinite(box[2]) &&
                        std::isfinite(box[3]) && std::isfinite(scores.data()[k]);
    require(finite, "boxes and scores must be finite, those of box " + std::to_string(k) + " are not");
    require(box[0] <= box[2] && box[1] <= box[3],
            "boxes must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, box " + std::to_string(k) + " is not");
  }
  const edge::Placement placement{map_from_values(matrix.data()), width, height};
  std::optional<nb::gil_scoped_release> release;
  if (count > kFewCandidates) release.emplace();
  edge::PlacedBoxes placed = edge::place_hands(boxes.data(), scores.data(), count, iou, max_keep, placement);
  release.reset();
  const std::size_t size = placed.candidates.size();
  return nb::make_tuple(array_from_vector(std::move(placed.boxes_xyxy), {size, 4}),
                        array_from_vector(std::move(placed.candidates), {size}));
}

nb::tuple join_second_look(const Boxes &boxes, const Values &scores, const Values &presence, double trust,
                           float min_score, float same) {
  const std::size_t count = boxes.shape(0);
  require(boxes.shape(1) == 4 && scores.shape(0) == count && presence.shape(0) == count,
          "boxes must be (N, 4), scores and presence (N,), got " + shape_of(boxes) + ", " + shape_of(scores) + " and " +
              shape_of(presence));
  require(trust >= 0.0 && trust <= 1.0, "trust must be within 0..1");
  const auto is_rate = [](float value) { return value >= 0.0f && value <= 1.0f; };
  require(std::all_of(scores.data(), scores.data() + count, is_rate) &&
              std::all_of(presence.data(), presence.data() + count, is_rate),
          "scores and presence must be within 0..1");
  edge::JoinedHands hands =
      edge::join_second_look(boxes.data(), scores.data(), presence.data(), count, {trust, min_score, same});
  const std::size_t size = hands.rows.size();
  return nb::make_tuple(array_from_vector(std::move(hands.rows), {size}),
                        array_from_vector(std::move(hands.scores), {size}));
}

nb::tuple best_classes(const Logits &logits) {
  const std::size_t rows = logits.shape(0), classes = logits.shape(1);
  require(classes > 0, "logits must have at least one class, got " + shape_of(logits));
  std::vector<std::int64_t> ids(rows);
  std::vector<float> scores(rows);
  require(edge::best_classes(logits.data(), rows, classes, ids.data(), scores.data()), "logits must be finite");
  return nb::make_tuple(array_from_vector(std::move(ids), {rows}), array_from_vector(std::move(scores), {rows}));
}

nb::object probabilities_of(const Logits &logits, std::size_t index) {
  const std::size_t rows = logits.shape(0), classes = logits.shape(1);
  require(index < classes, "logits must have class " + std::to_string(index) + ", got " + shape_of(logits));
  std::vector<float> out(rows);
  require(edge::probabilities_of(logits.data(), rows, classes, index, out.data()), "logits must be finite");
  return array_from_vector(std::move(out), {rows});
}

nb::object locate_simcc(const Bins &x, const Bins &y, int width, int height, double reach, const Maps &matrices) {
  const std::size_t hands = x.shape(0), points = x.shape(1);
  require(y.shape(0) == hands && y.shape(1) == points && x.shape(2) > 0 && y.shape(2) > 0,
          "x and y must be (N, K, bins) with N and K in common, got " + shape_of(x) + " and " + shape_of(y));
  require(matrices.shape(0) == hands && matrices.shape(1) == 2 && matrices.shape(2) == 3,
          "matrices must be (N, 2, 3) with one map a hand, got " + shape_of(matrices));
  require(width >= 1 && height >= 1, "width and height must be at least 1");
  require(reach >= 0.0 && std::isfinite(reach), "reach must be finite and not negative");
  std::vector<edge::AffineMap> maps;
  for (std::size_t n = 0; n < hands; ++n) maps.push_back(map_from_values(matrices.data() + 6 * n));
  const edge::SimccShape shape{hands,
                               points,
                               x.shape(2),
                               y.shape(2),
                               static_cast<double>(x.shape(2)) / width,
                               static_cast<double>(y.shape(2)) / height};
  std::vector<float> placed(hands * points * 3);
  require(edge::locate_simcc(x.data(), y.data(), shape, reach, maps.data(), placed.data()), "logits must be finite");
  return array_from_vector(std::move(placed), {hands, points, 3});
}

nb::tuple mask_in_picture(const Logits &logits, const Map &matrix, int width, int height) {
  require(matrix.shape(0) == 2 && matrix.shape(1) == 3, "matrix must be (2, 3), got " + shape_of(matrix));
  require(logits.size() > 0, "logits must have at least one cell, got " + shape_of(logits));
  require(width >= 1 && height >= 1, "width and height must be at least 1");
  const edge::AffineMap map = map_from_values(matrix.data());
  require(map.xy == 0.0 && map.yx == 0.0 && map.xx > 0.0 && map.yy > 0.0,
          "matrix must neither turn nor mirror, and scale by more than 0");
  const edge::GridAxis x{static_cast<int>(logits.shape(1)), map.xx, map.x0};
  const edge::GridAxis y{static_cast<int>(logits.shape(0)), map.yy, map.y0};
  const edge::Span columns = edge::covered(x, width), rows = edge::covered(y, height);
  std::vector<std::uint8_t> mask;
  {
    nb::gil_scoped_release release;
    mask = edge::mask_in_picture(logits.data(), x, y, columns, rows);
  }
  return nb::make_tuple(columns.first, rows.first,
                        array_from_vector(std::move(mask), {static_cast<std::size_t>(rows.last - rows.first),
                                                            static_cast<std::size_t>(columns.last - columns.first)}));
}

}  // namespace

// Each part of the module that lives in a file of its own has a register function, declared and called here.
NB_MODULE(_native, m) {
  using namespace nb::literals;
  m.doc() = "The compiled part of edge: warping, decoding and suppression.";
  m.def("warp_normalise", &warp_normalise, "src"_a.noconvert(), "pixel_format"_a, "matrices"_a, "out"_a.noconvert(),
        "mean"_a, "std"_a, "pad"_a, "rgb"_a, "threads"_a = 1);
  m.def("decode_ltrb", &decode_ltrb, "levels"_a, "strides"_a, "picture"_a, "min_score"_a, "max_candidates"_a);
  m.def("available_kernels", &available_kernels);
  m.def("kernels_in_use", [] { return std::string(edge::kernels().name); });
  m.def("use_kernels", &use_kernels, "name"_a);
  m.def("place_hands", &place_hands, "boxes"_a, "scores"_a, "iou"_a, "max_keep"_a, "matrix"_a, "width"_a, "height"_a);
  m.def("join_second_look", &join_second_look, "boxes"_a, "scores"_a, "presence"_a, "trust"_a, "min_score"_a, "same"_a);
  m.def("best_classes", &best_classes, "logits"_a);
  m.def("probabilities_of", &probabilities_of, "logits"_a, "index"_a);
  m.def("locate_simcc", &locate_simcc, "x"_a, "y"_a, "width"_a, "height"_a, "reach"_a, "matrices"_a);
  m.def("mask_in_picture", &mask_in_picture, "logits"_a, "matrix"_a, "width"_a, "height"_a);
  register_render(m);
  register_twins(m);
}
