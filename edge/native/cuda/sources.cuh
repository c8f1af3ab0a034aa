// SPDX-License-Identifier: Apache-2.0
// How a warp reads its picture: a thread takes a group of neighbouring bytes of a row and adds their values, weighed,
// to its sums. A line holds the sums of all groups of a row, colours as blue, green, red.
#pragma once

#include <cstdint>

#include "parameters.hpp"

namespace edge {
namespace cuda {

// Four bytes of a row; those beyond its end are 0. `fast` promises an aligned word that ends within the row.
template <bool fast>
__device__ inline std::uint32_t word_at(const std::uint8_t *row, int offset, int row_bytes) {
  if (fast) return __ldg(reinterpret_cast<const std::uint32_t *>(row + offset));
  std::uint32_t word = 0;
  for (int k = 0; k < 4; ++k) {
    if (offset + k < row_bytes) word |= static_cast<std::uint32_t>(row[offset + k]) << (8 * k);
  }
  return word;
}

__device__ inline int byte_of(std::uint32_t word, int k) { return static_cast<int>(word >> (8 * k) & 255u); }

// A number of 0..255 put into the fraction of 2^23: much faster than a conversion.
__device__ inline float float_of_bits(std::uint32_t bits) { return __uint_as_float(bits) - 8388608.0f; }

__device__ inline float float_of_byte(std::uint32_t word, int k) {
  return float_of_bits(__byte_perm(word, 0x4B000000u, 0x7440u + static_cast<unsigned>(k)));
}

__device__ inline float float_of_level(int level) { return float_of_bits(0x4B000000u | static_cast<unsigned>(level)); }

__device__ inline bool aligned_to_words(const std::uint8_t *pointer) {
  return (reinterpret_cast<std::uintptr_t>(pointer) & 3u) == 0;
}

// Four bytes of BGR or GRAY.
template <int channels>
struct BytesSource {
  static constexpr int kChannels = channels;
  static constexpr int kValues = 4;  // a group has
  static constexpr int kBatch = 8;   // rows that are on their way from memory together
  struct Raw {
    std::uint32_t word;
  };

  __device__ static bool aligned(const Picture &p) { return aligned_to_words(p.pixels) && p.row_stride % 4 == 0; }
  __device__ static bool within_row(const Picture &p, int group) { return 4 * group + 4 <= p.width * channels; }

  template <bool fast>
  __device__ static Raw load(const Picture &p, int y, int group) {
    return {word_at<fast>(p.pixels + y * p.row_stride, 4 * group, p.width * channels)};
  }

  __device__ static void add(const Raw &raw, float weight, float *sums) {
    for (int k = 0; k < 4; ++k) sums[k] += weight * float_of_byte(raw.word, k);
  }
};

__device__ inline void add_pair(int luma0, int luma1, int u, int v, float weight, float *sums) {
  const Chroma chroma = chroma_from_uv(u, v);
  for (int k = 0; k < 2; ++k) {
    int b, g, r;
    bgr_from_luma(k == 0 ? luma0 : luma1, chroma, &b, &g, &r);
    sums[3 * k] += weight * float_of_level(b);
    sums[3 * k + 1] += weight * float_of_level(g);
    sums[3 * k + 2] += weight * float_of_level(r);
  }
}

// Four pixels, of which two have their chroma in common.
struct Nv12Source {
  static constexpr int kChannels = 3;
  static constexpr int kValues = 12;
  static constexpr int kBatch = 6;
  struct Raw {
    std::uint32_t luma, chroma;
  };

  __device__ static bool aligned(const Picture &p) {
    return aligned_to_words(p.pixels) && aligned_to_words(p.chroma) && p.row_stride % 4 == 0;
  }
  __device__ static bool within_row(const Picture &p, int group) { return 4 * group + 4 <= p.width; }

  template <bool fast>
  __device__ static Raw load(const Picture &p, int y, int group) {
    return {word_at<fast>(p.pixels + y * p.row_stride, 4 * group, p.width),
            word_at<fast>(p.chroma + y / 2 * p.row_stride, 4 * group, p.width)};
  }

  __device__ static void add(const Raw &raw, float weight, float *sums) {
    for (int k = 0; k < 4; k += 2) {
      add_pair(byte_of(raw.luma, k), byte_of(raw.luma, k + 1), byte_of(raw.chroma, k), byte_of(raw.chroma, k + 1),
               weight, sums + 3 * k);
    }
  }
};

struct YuyvSource {
  static constexpr int kChannels = 3;
  static constexpr int kValues = 12;
  static constexpr int kBatch = 6;
  struct Raw {
    std::uint32_t left, right;
  };

  __device__ static bool aligned(const Picture &p) { return aligned_to_words(p.pixels) && p.row_stride % 4 == 0; }
  __device__ static bool within_row(const Picture &p, int group) { return 4 * group + 4 <= p.width; }

  template <bool fast>
  __device__ static Raw load(const Picture &p, int y, int group) {
    const std::uint8_t *row = p.pixels + y * p.row_stride;
    return {word_at<fast>(row, 8 * group, 2 * p.width), word_at<fast>(row, 8 * group + 4, 2 * p.width)};
  }

  __device__ static void add(const Raw &raw, float weight, float *sums) {
    add_pair(byte_of(raw.left, 0), byte_of(raw.left, 2), byte_of(raw.left, 1), byte_of(raw.left, 3), weight, sums);
    add_pair(byte_of(raw.right, 0), byte_of(raw.right, 2), byte_of(raw.right, 1), byte_of(raw.right, 3), weight,
             sums + 6);
  }
};

}  // namespace cuda
}  // namespace edge
