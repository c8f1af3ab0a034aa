// SPDX-License-Identifier: Apache-2.0
#include "twins.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cuda/parameters.hpp"
#include "cuda/rows.hpp"
#include "decode.hpp"
#include "half.hpp"
#include "hands.hpp"
#include "mask_label.hpp"
#include "peak.hpp"
#include "pose_points.hpp"
#include "second_look.hpp"
#include "simcc.hpp"
#include "softmax.hpp"
#include "warp.hpp"

namespace edge {
namespace {

// `count` values from index `first` on, as float32.
std::vector<float> floats_of(const void *values, int dtype, std::size_t first, std::size_t count) {
  std::vector<float> floats(count);
  if (dtype == kFloat32) {
    std::memcpy(floats.data(), static_cast<const float *>(values) + first, count * sizeof(float));
  } else {
    const std::uint16_t *halves = static_cast<const std::uint16_t *>(values) + first;
    std::transform(halves, halves + count, floats.begin(), float_from_half);
  }
  return floats;
}

void store(const std::vector<float> &floats, void *values, int dtype, std::size_t first) {
  if (dtype == kFloat32) {
    std::memcpy(static_cast<float *>(values) + first, floats.data(), floats.size() * sizeof(float));
  } else {
    std::transform(floats.begin(), floats.end(), static_cast<std::uint16_t *>(values) + first, half_from_float);
  }
}

void set_fault(int *fault) {
  if (fault != nullptr) *fault |= kNotFinite;
}

void warp_one(const Picture &picture, const AffineMap &map, const Levels &levels, const TensorView &out, int n) {
  Normalisation normalisation{};
  std::copy_n(levels.mean, kMaxChannels, normalisation.mean);
  std::copy_n(levels.std, kMaxChannels, normalisation.std);
  std::copy_n(levels.pad, kMaxChannels, normalisation.pad);
  normalisation.rgb = levels.rgb != 0;
  const std::size_t values = static_cast<std::size_t>(out.channels) * out.height * out.width;
  std::vector<float> image(values);
  warp_normalise(picture, &map, {image.data(), 1, out.channels, out.height, out.width}, normalisation, 1);
  store(image, out.values, out.dtype, static_cast<std::size_t>(n) * values);
}

void warp_frame(const WarpFrame &task) {
  Picture picture = task.picture;
  for (int n = 0; n < task.out.count; ++n) {
    warp_one(picture, task.map, task.levels, task.out, n);
    picture.pixels += task.picture_bytes;
    if (picture.chroma != nullptr) picture.chroma += task.picture_bytes;
  }
}

void warp_crops(const WarpCrops &task) {
  const int crops = rows_to_do(task.count, task.out.count);
  for (int n = 0; n < crops; ++n) {
    AffineMap map;
    if (!crop_map(task, n, &map)) set_fault(task.fault);
    std::memcpy(task.maps + 6 * n, &map, sizeof map);
    warp_one(task.picture, map, task.levels, task.out, n);
  }
}

void decode_picture(const DecodeBoxes &task, int picture) {
  std::vector<std::vector<float>> values;
  std::vector<LevelMap> maps;
  for (int l = 0; l < task.level_count; ++l) {
    const LevelView &level = task.levels[l];
    const std::size_t count = std::size_t{5} * level.height * level.width;
    values.push_back(floats_of(level.values, task.dtype, count * picture, count));
    maps.push_back({values.back().data(), level.height, level.width, level.stride});
  }
  const Candidates found = decode_ltrb(maps, task.min_score, task.max_candidates);
  const PlacedBoxes placed = place_hands(found.boxes_xyxy.data(), found.scores.data(), found.scores.size(), task.iou,
                                         task.max_hands, {task.picture_from_input, task.width, task.height});
  float *boxes = task.boxes + std::size_t{4} * task.max_hands * picture;
  float *scores = task.scores + static_cast<std::size_t>(task.max_hands) * picture;
  std::fill_n(boxes, 4 * task.max_hands, 0.0F);
  std::fill_n(scores, task.max_hands, 0.0F);
  std::copy(placed.boxes_xyxy.begin(), placed.boxes_xyxy.end(), boxes);
  for (const std::int64_t candidate : placed.candidates) *scores++ = found.scores[static_cast<std::size_t>(candidate)];
  task.counts[picture] = static_cast<int>(placed.candidates.size());
}

void decode_boxes(const DecodeBoxes &task) {
  for (int picture = 0; picture < task.pictures; ++picture) decode_picture(task, picture);
}

void locate_simcc_rows(const LocateSimcc &task) {
  const int rows = rows_to_do(task.count, task.hands) * task.points;
  const auto x_bins = static_cast<std::size_t>(task.x_bins), y_bins = static_cast<std::size_t>(task.y_bins);
  const SimccShape one{1, 1, x_bins, y_bins, task.x_bins_a_px, task.y_bins_a_px};
  for (int row = 0; row < rows; ++row) {
    const std::vector<float> x = floats_of(task.x, task.dtype, x_bins * row, x_bins);
    const std::vector<float> y = floats_of(task.y, task.dtype, y_bins * row, y_bins);
    const AffineMap map = map_from_values(task.maps + 6 * (row / task.points));
    float *keypoint = task.keypoints + 3 * row;
    if (locate_simcc(x.data(), y.data(), one, task.reach_px, &map, keypoint)) continue;
    std::fill_n(keypoint, 3, NAN);
    set_fault(task.fault);
  }
}

template <typename Answer>
void classify(const Classify &task, Answer answer) {
  const int rows = rows_to_do(task.count, task.rows);
  const auto classes = static_cast<std::size_t>(task.classes);
  for (int row = 0; row < rows; ++row) {
    if (answer(floats_of(task.logits, task.dtype, classes * row, classes), row)) continue;
    if (task.ids != nullptr) task.ids[row] = 0;
    task.scores[row] = NAN;
    set_fault(task.fault);
  }
}

void best_class_of_rows(const Classify &task) {
  classify(task, [&](const std::vector<float> &logits, int row) {
    std::int64_t id = 0;
    const bool sound = best_classes(logits.data(), 1, logits.size(), &id, task.scores + row);
    task.ids[row] = static_cast<int>(id);
    return sound;
  });
}

void probability_of_rows(const Classify &task) {
  classify(task, [&](const std::vector<float> &logits, int row) {
    return probabilities_of(logits.data(), 1, logits.size(), static_cast<std::size_t>(task.index), task.scores + row);
  });
}

void join_rows(const JoinSecondLook &task) {
  const int rows = rows_to_do(task.count, task.rows);
  std::vector<float> scores, presence, boxes;
  std::vector<int> sound;
  for (int row = 0; row < rows; ++row) {
    if (!is_finite(task.scores[row]) || !is_finite(task.presence[row])) {
      set_fault(task.fault);
      continue;
    }
    sound.push_back(row);
    scores.push_back(task.scores[row]);
    presence.push_back(task.presence[row]);
    boxes.insert(boxes.end(), task.boxes + 4 * row, task.boxes + 4 * row + 4);
  }
  const JoinedHands hands = join_second_look(boxes.data(), scores.data(), presence.data(), sound.size(),
                                             {task.trust, task.min_score, task.same});
  std::fill_n(task.kept_rows, task.rows, 0);
  std::fill_n(task.kept_scores, task.rows, 0.0F);
  if (task.kept_boxes != nullptr) std::fill_n(task.kept_boxes, 4 * task.rows, 0.0F);
  for (std::size_t k = 0; k < hands.rows.size(); ++k) {
    const auto row = static_cast<std::size_t>(hands.rows[k]);
    task.kept_rows[k] = sound[row];
    task.kept_scores[k] = hands.scores[k];
    if (task.kept_boxes != nullptr) std::copy_n(boxes.data() + 4 * row, 4, task.kept_boxes + 4 * k);
  }
  *task.kept_count = static_cast<int>(hands.rows.size());
}

void locate_peaks(const LocatePeaks &task) {
  const int rows = rows_to_do(task.count, task.hands) * task.points;
  const auto cells = static_cast<std::size_t>(task.height) * task.width;
  const HeatShape shape{task.height, task.width, task.reach};
  for (int row = 0; row < rows; ++row) {
    const std::vector<float> heat = floats_of(task.heat, task.dtype, cells * row, cells);
    float *keypoint = task.keypoints + 3 * row;
    if (!std::all_of(heat.begin(), heat.end(), is_finite)) {
      std::fill_n(keypoint, 3, NAN);
      set_fault(task.fault);
      continue;
    }
    const int peak = static_cast<int>(std::max_element(heat.begin(), heat.end()) - heat.begin());
    const Interval x = near_peak(peak % task.width, task.reach, task.width);
    const Interval y = near_peak(peak / task.width, task.reach, task.height);
    Moments moments{};
    for (int j = y.first; j < y.last; ++j) {
      for (int i = x.first; i < x.last; ++i) {
        add_cell(moments, i, j, heat[static_cast<std::size_t>(j) * task.width + i]);
      }
    }
    place_peak(moments, peak, heat[static_cast<std::size_t>(peak)], shape,
               static_cast<double>(task.input_width) / task.width, static_cast<double>(task.input_height) / task.height,
               map_from_values(task.maps + 6 * (row / task.points)), keypoint);
  }
}

void label_masks(const LabelMasks &task) {
  const int rows = rows_to_do(task.count, task.rows);
  const MaskShape shape{task.classes, task.height, task.width};
  const auto values = static_cast<std::size_t>(task.classes) * task.height * task.width;
  const float *m = task.cells_from_output;
  for (int row = 0; row < rows; ++row) {
    const std::vector<float> logits = floats_of(task.logits, task.dtype, values * row, values);
    const auto read = [&logits](int index) { return logits[static_cast<std::size_t>(index)]; };
    std::uint8_t *label = task.labels + static_cast<std::size_t>(row) * task.out_height * task.out_width;
    for (int y = 0; y < task.out_height; ++y) {
      const float v = static_cast<float>(y) + 0.5F;
      for (int x = 0; x < task.out_width; ++x) {
        const float u = static_cast<float>(x) + 0.5F;
        const int one = label_at(read, shape, m[0] * u + m[1] * v + m[2], m[3] * u + m[4] * v + m[5]);
        *label++ = static_cast<std::uint8_t>(one);
      }
    }
  }
}

void normalise_keypoints(const NormaliseKeypoints &task) {
  const int hands = rows_to_do(task.count, task.hands);
  for (int hand = 0; hand < hands; ++hand) {
    const float *keypoints = task.keypoints + std::size_t{3} * kHandPoints * hand;
    const PosePlace place = pose_place(keypoints, task.upright != 0, task.one_sided != 0);
    std::vector<float> points(std::size_t{2} * kHandPoints);
    for (int k = 0; k < kHandPoints; ++k) pose_point(place, keypoints + 3 * k, points.data() + 2 * k);
    store(points, task.points, task.dtype, points.size() * hand);
  }
}

template <typename Task, void (*run)(const Task &)>
Twin twin(const char *kernel) {
  return {kernel, sizeof(Task), [](const void *parameter) {
            Task task;
            std::memcpy(&task, parameter, sizeof task);
            run(task);
          }};
}

}  // namespace

const std::vector<Twin> &twins() {
  static const std::vector<Twin> all = {
      twin<WarpFrame, warp_frame>("edge_warp_frame_bgr"),
      twin<WarpFrame, warp_frame>("edge_warp_frame_gray"),
      twin<WarpFrame, warp_frame>("edge_warp_frame_nv12"),
      twin<WarpFrame, warp_frame>("edge_warp_frame_yuyv"),
      twin<WarpCrops, warp_crops>("edge_warp_crops_bgr"),
      twin<WarpCrops, warp_crops>("edge_warp_crops_gray"),
      twin<WarpCrops, warp_crops>("edge_warp_crops_nv12"),
      twin<WarpCrops, warp_crops>("edge_warp_crops_yuyv"),
      twin<DecodeBoxes, decode_boxes>("edge_decode_boxes"),
      twin<LocateSimcc, locate_simcc_rows>("edge_locate_simcc"),
      twin<Classify, best_class_of_rows>("edge_best_classes"),
      twin<Classify, probability_of_rows>("edge_probability_of"),
      twin<JoinSecondLook, join_rows>("edge_join_second_look"),
      twin<LocatePeaks, locate_peaks>("edge_locate_peaks"),
      twin<LabelMasks, label_masks>("edge_label_masks"),
      twin<NormaliseKeypoints, normalise_keypoints>("edge_normalise_keypoints"),
  };
  return all;
}

const Twin *find_twin(const std::string &kernel) {
  const auto found =
      std::find_if(twins().begin(), twins().end(), [&](const Twin &one) { return kernel == one.kernel; });
  return found == twins().end() ? nullptr : &*found;
}

}  // namespace edge
