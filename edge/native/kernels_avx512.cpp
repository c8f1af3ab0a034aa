// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels_avx2.hpp"
#include "kernels_plain.hpp"

namespace edge {
namespace {

constexpr int kBytes = 64;

__m512i load(const void *from) { return _mm512_loadu_si512(from); }

// Unpacking works within quarters: puts 16-bit values back into the order of their bytes.
void store_in_order(std::int16_t *to, __m512i low, __m512i high) {
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  _mm512_storeu_si512(to, _mm512_permutex2var_epi64(low, first, high));
  _mm512_storeu_si512(to + 32, _mm512_permutex2var_epi64(low, second, high));
}

void blend_block(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, __m512i bias, std::int16_t *line,
                 int i) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i low = bias, high = bias;
  for (int t = 0; t < taps; ++t) {
    const __m512i pixels = load(rows[t] + i), weight = _mm512_set1_epi32(static_cast<int>(weights[t]));
    low = _mm512_add_epi16(low, _mm512_mulhi_epu16(_mm512_unpacklo_epi8(zero, pixels), weight));
    high = _mm512_add_epi16(high, _mm512_mulhi_epu16(_mm512_unpackhi_epi8(zero, pixels), weight));
  }
  store_in_order(line + i, _mm512_srli_epi16(low, 1), _mm512_srli_epi16(high, 1));
}

void blend_rows(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
                int count) {
  if (count < kBytes) return plain::blend_rows(rows, weights, taps, bias, line, 0, count);
  const __m512i start = _mm512_set1_epi16(static_cast<short>(bias));
  for (int i = 0; i + kBytes <= count; i += kBytes) blend_block(rows, weights, taps, start, line, i);
  if (count % kBytes != 0) blend_block(rows, weights, taps, start, line, count - kBytes);
}

void sum_block(const std::uint8_t *const *rows, int taps, __m128i shift, __m512i weight, std::int16_t *line, int i) {
  const __m512i zero = _mm512_setzero_si512(), ones = _mm512_set1_epi8(1);
  __m512i low = zero, high = zero;
  int t = 0;
  for (; t + 2 <= taps; t += 2) {
    const __m512i a = load(rows[t] + i), b = load(rows[t + 1] + i);
    low = _mm512_add_epi16(low, _mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), ones));
    high = _mm512_add_epi16(high, _mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), ones));
  }
  if (t < taps) {
    const __m512i a = load(rows[t] + i);
    low = _mm512_add_epi16(low, _mm512_unpacklo_epi8(a, zero));
    high = _mm512_add_epi16(high, _mm512_unpackhi_epi8(a, zero));
  }
  low = _mm512_mulhi_epu16(_mm512_sll_epi16(low, shift), weight);
  high = _mm512_mulhi_epu16(_mm512_sll_epi16(high, shift), weight);
  store_in_order(line + i, low, high);
}

void sum_rows(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int count) {
  if (count < kBytes) return plain::sum_rows(rows, taps, shift, weight, line, 0, count);
  const __m128i shifts = _mm_cvtsi32_si128(shift);
  const __m512i weights = _mm512_set1_epi16(static_cast<short>(weight));
  for (int i = 0; i + kBytes <= count; i += kBytes) sum_block(rows, taps, shifts, weights, line, i);
  if (count % kBytes != 0) sum_block(rows, taps, shifts, weights, line, count - kBytes);
}

// Eight elements of the line for each of outputs o, o + 4, o + 8 and o + 12.
__m512i load_four(const std::int16_t *line, const std::int32_t *start, int step) {
  const auto at = [&](int o) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(line + start[o] + step)); };
  __m512i four = _mm512_castsi128_si512(at(0));
  four = _mm512_mask_broadcast_i32x4(four, 0x00f0, at(4));
  four = _mm512_mask_broadcast_i32x4(four, 0x0f00, at(8));
  return _mm512_mask_broadcast_i32x4(four, 0xf000, at(12));
}

void store_scaled(float *to, __m512 value, float scale, float bias) {
  _mm512_storeu_ps(to, _mm512_add_ps(_mm512_mul_ps(value, _mm512_set1_ps(scale)), _mm512_set1_ps(bias)));
}

// sums[k] holds b, g, r and nothing for each of outputs k, k + 4, k + 8 and k + 12.
void store_block(const __m512i sums[4], const Planes &planes, int output) {
  const __m512 a = _mm512_cvtepi32_ps(sums[0]), b = _mm512_cvtepi32_ps(sums[1]);
  const __m512 c = _mm512_cvtepi32_ps(sums[2]), d = _mm512_cvtepi32_ps(sums[3]);
  const __m512 ab = _mm512_unpacklo_ps(a, b), cd = _mm512_unpacklo_ps(c, d);
  const __m512 ab_high = _mm512_unpackhi_ps(a, b), cd_high = _mm512_unpackhi_ps(c, d);
  store_scaled(planes.out[0] + output, _mm512_shuffle_ps(ab, cd, 0x44), planes.scale[0], planes.bias[0]);
  store_scaled(planes.out[1] + output, _mm512_shuffle_ps(ab, cd, 0xee), planes.scale[1], planes.bias[1]);
  store_scaled(planes.out[2] + output, _mm512_shuffle_ps(ab_high, cd_high, 0x44), planes.scale[2], planes.bias[2]);
}

// `Steps` is the number of steps where it is small, so that the compiler unrolls; 0 asks the table.
template <int Steps>
void reduce_blocks(const std::int16_t *line, const ColumnTaps &columns, int first, int last, const Planes &planes) {
  const __m512i pairs = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15));
  const int steps = Steps != 0 ? Steps : columns.steps;
  for (int block = first; block < last; ++block) {
    const std::int32_t *start = columns.start + block * kBlock;
    const std::int16_t *weights = columns.weights + static_cast<std::size_t>(block) * steps * kBlock * 8;
    __m512i sums[4];
    for (int k = 0; k < 4; ++k) sums[k] = _mm512_setzero_si512();
    for (int s = 0; s < steps; ++s, weights += kBlock * 8) {
      for (int k = 0; k < 4; ++k) {
        const __m512i pixels = _mm512_shuffle_epi8(load_four(line, start + k, 6 * s), pairs);
        sums[k] = _mm512_add_epi32(sums[k], _mm512_madd_epi16(pixels, load(weights + k * 32)));
      }
    }
    store_block(sums, planes, (block - first) * kBlock);
  }
}

void reduce_colour(const std::int16_t *line, const ColumnTaps &columns, int first, int last, const Planes &planes) {
  switch (columns.steps) {
    case 1: return reduce_blocks<1>(line, columns, first, last, planes);
    case 2: return reduce_blocks<2>(line, columns, first, last, planes);
    case 3: return reduce_blocks<3>(line, columns, first, last, planes);
    default: return reduce_blocks<0>(line, columns, first, last, planes);
  }
}

}  // namespace

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = {"avx512",        blend_rows,         sum_rows, reduce_colour, avx2::reduce_grey,
                                avx2::sample_colour, avx2::planes_from_yuv};

}  // namespace edge
