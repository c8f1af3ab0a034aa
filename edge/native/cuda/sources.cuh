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

  // Rows that weigh the same, 256 at most: two sums in a word.
  struct Packed {
    std::uint32_t even = 0, odd = 0;
  };

  __device__ static void add(const Raw &raw, Packed &packed) {
    packed.even += raw.word & 0x00FF00FFu;
    packed.odd += __byte_perm(raw.word, 0u, 0x4341u);
  }

  __device__ static void unpack(const Packed &packed, float *sums) {
    sums[0] = float_of_level(static_cast<int>(packed.even & 0xFFFFu));
    sums[1] = float_of_level(static_cast<int>(packed.odd & 0xFFFFu));
    sums[2] = float_of_level(static_cast<int>(packed.even >> 16));
    sums[3] = float_of_level(static_cast<int>(packed.odd >> 16));
  }
};

// Calls `take(k, level)` for the blue, green and red of two pixels, k from 0 on.
template <typename Take>
__device__ inline void each_of_pair(int luma0, int luma1, int u, int v, Take take) {
  const Chroma chroma = chroma_from_uv(u, v);
  for (int pixel = 0; pixel < 2; ++pixel) {
    int b, g, r;
    bgr_from_luma(pixel == 0 ? luma0 : luma1, chroma, &b, &g, &r);
    take(3 * pixel, b);
    take(3 * pixel + 1, g);
    take(3 * pixel + 2, r);
  }
}

// Four pixels in two pairs that share their chroma.
template <class Format>
struct YuvSource {
  static constexpr int kChannels = 3;
  static constexpr int kValues = 12;
  static constexpr int kBatch = 6;

  struct Packed {
    int levels[kValues] = {};
  };

  __device__ static bool within_row(const Picture &p, int group) { return 4 * group + 4 <= p.width; }

  template <typename Raw>
  __device__ static void add(const Raw &raw, float weight, float *sums) {
    Format::each(raw, [&](int k, int level) { sums[k] += weight * float_of_level(level); });
  }

  template <typename Raw>
  __device__ static void add(const Raw &raw, Packed &packed) {
    Format::each(raw, [&](int k, int level) { packed.levels[k] += level; });
  }

  __device__ static void unpack(const Packed &packed, float *sums) {
    for (int k = 0; k < kValues; ++k) sums[k] = float_of_level(packed.levels[k]);
  }
};

struct Nv12Source : YuvSource<Nv12Source> {
  struct Raw {
    std::uint32_t luma, chroma;
  };

  __device__ static bool aligned(const Picture &p) {
    return aligned_to_words(p.pixels) && aligned_to_words(p.chroma) && p.row_stride % 4 == 0;
  }

  template <bool fast>
  __device__ static Raw load(const Picture &p, int y, int group) {
    return {word_at<fast>(p.pixels + y * p.row_stride, 4 * group, p.width),
            word_at<fast>(p.chroma + y / 2 * p.row_stride, 4 * group, p.width)};
  }

  template <typename Take>
  __device__ static void each(const Raw &raw, Take take) {
    for (int k = 0; k < 4; k += 2) {
      each_of_pair(byte_of(raw.luma, k), byte_of(raw.luma, k + 1), byte_of(raw.chroma, k), byte_of(raw.chroma, k + 1),
                   [&](int value, int level) { take(3 * k + value, level); });
    }
  }
};

struct YuyvSource : YuvSource<YuyvSource> {
  struct Raw {
    std::uint32_t words[2];
  };

  __device__ static bool aligned(const Picture &p) { return aligned_to_words(p.pixels) && p.row_stride % 4 == 0; }

  template <bool fast>
  __device__ static Raw load(const Picture &p, int y, int group) {
    const std::uint8_t *row = p.pixels + y * p.row_stride;
    return {{word_at<fast>(row, 8 * group, 2 * p.width), word_at<fast>(row, 8 * group + 4, 2 * p.width)}};
  }

  template <typename Take>
  __device__ static void each(const Raw &raw, Take take) {
    for (int pair = 0; pair < 2; ++pair) {
      const std::uint32_t word = raw.words[pair];
      each_of_pair(byte_of(word, 0), byte_of(word, 2), byte_of(word, 1), byte_of(word, 3),
                   [&](int value, int level) { take(6 * pair + value, level); });
    }
  }
};

}  // namespace cuda
}  // namespace edge
