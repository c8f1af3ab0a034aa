// SPDX-License-Identifier: Apache-2.0
// The contract of the CUDA kernels: the one parameter of each, passed by value, the same for its twin in C++.
//
// All kernels
//   Pointers are device pointers, or host memory that the device can read and write. Arrays are C-contiguous and begin
//   on the boundary of their element type. Nothing is allocated and nothing waits; a kernel can be captured in a graph.
//   `logits` and other outputs of networks are float32 or float16, as `dtype` says.
//   `count` points to the number of rows that are to be worked on, in device memory: what exceeds the number of rows an
//   array has counts as that many, and rows from there on are left as they are. A null pointer stands for all rows.
//   `fault` points to a word that the caller has set to 0; a kernel that meets a number that is not finite sets
//   kNotFinite in it, and the affected results are not to be used. A null pointer is allowed.
// Geometry of the launches: edge/gpu/kernels.py; a kernel is correct for any grid and block within what is said here.
#pragma once

#include <cstdint>

#include "../axis.hpp"
#include "../pixel.hpp"

namespace edge {

enum DataType : int { kFloat32 = 0, kFloat16 = 1 };
enum Fault : int { kNotFinite = 1 };

constexpr int kMostLevels = 8;
constexpr int kMostCandidates = 1024;  // that one block sorts and suppresses
constexpr int kMostShrinkage = kMaxSamples;
constexpr float kFarthestBoxPx = 1e6f;  // from the picture, so that positions fit into 64 bits

// (count, channels, height, width), 1 or 3 channels; written completely but for crops that do not exist.
struct TensorView {
  void *values;
  int count;
  int channels;
  int height;
  int width;
  int dtype;
};

// As Normalisation in warp.hpp.
struct Levels {
  float mean[3];
  float std[3];
  float pad[3];
  int rgb;
};

// edge_warp_frame_{bgr,gray,nv12,yuyv}: `out.count` pictures, each `picture_bytes` after the last, into planes.
//
//   The picture's pixels are packed: only row_stride counts, at least a row long; a row is read up to its last pixel.
//   Reading is fastest where `pixels`, `chroma`, `picture_bytes` and row_stride are multiples of 4.
//
//   The map neither turns nor shears, and shrinks by kMostShrinkage at most; `x` and `y` are axis_along of it. Values
//   are those of pixel.hpp, 0.1 of 255 from the twin's at most where it shrinks by 16 or less, 0.25 beyond, and
//   float16's rounding. A centre less than 2^-20 px from the picture's border may count to either side.
//
//   Grid (ceil(width / tile_px), ceil(height / rows_a_block), count); block (n, 1, 1), n a multiple of 32, 256 at most.
//   Shared memory: line_values floats, at least 5 / 4 of (min(tile_px * scale, picture's width) + 12) pixels.
struct WarpFrame {
  Picture picture;
  std::int64_t picture_bytes;
  AffineMap map;
  Axis x;
  Axis y;
  Levels levels;
  TensorView out;
  int tile_px;
  int rows_a_block;
  int line_values;
};

// edge_warp_crops_{bgr,gray,nv12,yuyv}: the squares about `boxes` (out.count, 4) float32 xyxy, grown by `margin` of
// their
//   longer side on both ends, into `out`, whose height and width are equal; `maps` (out.count, 2, 3) float64 gets the
//   maps from crop to picture. Crops from `count` on are left as they are.
//
//   Picture and values as above. A box that is not finite or 1e6 px away, or whose square would be shrunk by more than
//   kMostShrinkage, sets `fault` and is taken for (0, 0, 0, 0).
//
//   Grid (1, ceil(height / rows_a_block), out.count); block as above. Shared memory: line_values floats, at least 5 / 4
//   of (kMostShrinkage + 12) pixels.
struct WarpCrops {
  Picture picture;
  const float *boxes;
  const int *count;
  double *maps;
  int *fault;
  double margin;
  Levels levels;
  TensorView out;
  int rows_a_block;
  int line_values;
};

struct LevelView {
  const void *values;  // (pictures, 5, height, width)
  int height;
  int width;
  int stride;
};

// edge_decode_boxes: decode_ltrb (decode.hpp) and place_hands (hands.hpp) for each of `pictures` rows of the levels.
//   boxes (pictures, max_hands, 4) float32 xyxy in pixels of the picture, scores (pictures, max_hands) float32 and
//   counts (pictures,) int32 are written completely, zeros from the count on. max_candidates and max_hands are 1 to
//   kMostCandidates. The results are those of the twin; a score within one unit in the last place of min_score, and
//   an overlap as near to `iou`, may fall to the other side.
//
//   Grid (pictures, 1, 1); block (n, 1, 1), n a multiple of 32, 512 at most.
struct DecodeBoxes {
  LevelView levels[kMostLevels];
  AffineMap picture_from_input;
  float *boxes;
  float *scores;
  int *counts;
  int level_count;
  int dtype;
  int pictures;
  float min_score;
  float iou;
  int max_candidates;
  int max_hands;
  int width;  // of the picture
  int height;
};

// edge_locate_simcc: locate_simcc (simcc.hpp), x (hands, points, x_bins) and y (hands, points, y_bins) to
//   `keypoints` (hands, points, 3) float32, within 1e-3 px and 1e-5 of its twin. `maps` (hands, 2, 3) float64. A
//   keypoint whose logits are not finite is NaN and sets `fault`.
//
//   Grid (ceil(hands * points / warps), 1, 1); block (32 * warps, 1, 1): a warp a keypoint.
struct LocateSimcc {
  const void *x;
  const void *y;
  const double *maps;
  const int *count;
  float *keypoints;
  int *fault;
  double reach_px;
  double x_bins_a_px;
  double y_bins_a_px;
  int hands;
  int points;
  int x_bins;
  int y_bins;
  int dtype;
};

// edge_best_classes: best_classes (softmax.hpp), `ids` (rows,) int32 and `scores` (rows,) float32, within 1e-6 of
//   its twin. edge_probability_of: probabilities_of (softmax.hpp) of class `index` to `scores`; `ids` is not used. A
//   row with a logit that is not finite has class 0, score NaN, and sets `fault`.
//
//   Grid (ceil(rows / warps), 1, 1); block (32 * warps, 1, 1): a warp a row.
struct Classify {
  const void *logits;  // (rows, classes)
  const int *count;
  int *ids;
  float *scores;
  int *fault;
  int rows;
  int classes;
  int index;
  int dtype;
};

// edge_join_second_look: join_second_look (second_look.hpp) of `rows` boxes, kMostCandidates at most. `kept_rows`
//   (rows,) int32, `kept_scores` (rows,) and `kept_boxes` (rows, 4) float32 are written completely, zeros from
//   `kept_count` (1,) on; kept_boxes may be null, and no output may be an input. Scores are within 1e-6 of the
//   twin's. A score or presence that is not finite leaves its hand out and sets `fault`.
//
//   Grid (1, 1, 1); block (n, 1, 1), n a multiple of 32, 512 at most.
struct JoinSecondLook {
  const float *boxes;
  const float *scores;
  const float *presence;
  const int *count;
  int *kept_rows;
  float *kept_scores;
  float *kept_boxes;
  int *kept_count;
  int *fault;
  double trust;
  int rows;
  float min_score;
  float same;
};

// edge_locate_peaks: heat maps (hands, points, height, width) to `keypoints` (hands, points, 3) float32: the mean
//   place of the cells within `reach` of the largest, the first of equals, weighted by their values, negative ones
//   as 0, and the largest value as score. Cells cover an input of `input_width` and `input_height` px; maps as for
//   SimCC. Within 1e-3 px of its twin.
//
//   Grid and block as edge_locate_simcc.
struct LocatePeaks {
  const void *heat;
  const double *maps;
  const int *count;
  float *keypoints;
  int *fault;
  int hands;
  int points;
  int height;
  int width;
  int input_height;
  int input_width;
  int reach;
  int dtype;
};

// edge_label_masks: logits (rows, classes, height, width) to `labels` (rows, out_height, out_width) uint8: the
//   largest of the logits at a pixel's centre, bilinear between the centres of cells, the first of equals; with one
//   class, 1 where the logit is above 0. `cells_from_output` leads from output to cells, both in continuous
//   coordinates; a pixel whose centre lies outside is 0. At most 256 classes. Where two logits are equal but for
//   rounding either may be the label.
//
//   Grid (ceil(out_width / block.x), ceil(out_height / block.y), rows); any block.
struct LabelMasks {
  const void *logits;
  const int *count;
  std::uint8_t *labels;
  float cells_from_output[6];  // as AffineMap
  int rows;
  int classes;
  int height;
  int width;
  int out_height;
  int out_width;
  int dtype;
};

// edge_normalise_keypoints: keypoints (hands, 21, 3) float32 to `points` (hands, 21, 2), float32 or float16, as the
//   input of a pose model has them (pose_points.hpp), within 1e-5 of its twin, half a unit in the last place of
//   float16 more.
//
//   Grid (ceil(hands / block.x), 1, 1); any block.
struct NormaliseKeypoints {
  const float *keypoints;
  const int *count;
  void *points;
  int hands;
  int upright;
  int one_sided;
  int dtype;
};

}  // namespace edge
