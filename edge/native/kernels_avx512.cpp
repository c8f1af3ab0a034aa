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
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  _mm512_storeu_si512(to, _mm512_permutex2var_epi64(low, first, high));
  _mm512_storeu_si512(to + 32, _mm512_permutex2var_epi64(low, second, high));
}

// `Taps` is the number of rows where it is small, so that the compiler keeps their addresses; 0 asks `taps`.
template <int Taps>
void blend_all(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
               int count) {
  const int many = Taps != 0 ? Taps : taps;
  const __m512i zero = _mm512_setzero_si512(), start = _mm512_set1_epi16(static_cast<short>(bias));
  for (int block = 0; block < count; block += kBytes) {
    const int i = block <= count - kBytes ? block : count - kBytes;
    __m512i low = start, high = start;
    for (int t = 0; t < many; ++t) {
      const __m512i pixels = load(rows[t] + i), weight = _mm512_set1_epi32(static_cast<int>(weights[t]));
      low = _mm512_add_epi16(low, _mm512_mulhi_epu16(_mm512_unpacklo_epi8(zero, pixels), weight));
      high = _mm512_add_epi16(high, _mm512_mulhi_epu16(_mm512_unpackhi_epi8(zero, pixels), weight));
    }
    store_in_order(line + i, _mm512_srli_epi16(low, 1), _mm512_srli_epi16(high, 1));
  }
}

void blend_rows(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
                int count) {
  if (count < kBytes) return plain::blend_rows(rows, weights, taps, bias, line, count);
  switch (taps) {
    case 2:
      return blend_all<2>(rows, weights, taps, bias, line, count);
    case 3:
      return blend_all<3>(rows, weights, taps, bias, line, count);
    case 4:
      return blend_all<4>(rows, weights, taps, bias, line, count);
    case 5:
      return blend_all<5>(rows, weights, taps, bias, line, count);
    default:
      return blend_all<0>(rows, weights, taps, bias, line, count);
  }
}

template <int Taps>
void sum_all(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int count) {
  const int many = Taps != 0 ? Taps : taps;
  const __m128i shifts = _mm_cvtsi32_si128(shift);
  const __m512i zero = _mm512_setzero_si512(), ones = _mm512_set1_epi8(1);
  const __m512i weights = _mm512_set1_epi16(static_cast<short>(weight));
  for (int block = 0; block < count; block += kBytes) {
    const int i = block <= count - kBytes ? block : count - kBytes;
    __m512i low = zero, high = zero;
    for (int t = 0; t < many; t += 2) {
      const __m512i a = load(rows[t] + i), b = t + 1 < many ? load(rows[t + 1] + i) : zero;
      low = _mm512_add_epi16(low, _mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), ones));
      high = _mm512_add_epi16(high, _mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), ones));
    }
    low = _mm512_mulhi_epu16(_mm512_sll_epi16(low, shifts), weights);
    high = _mm512_mulhi_epu16(_mm512_sll_epi16(high, shifts), weights);
    store_in_order(line + i, low, high);
  }
}

void sum_rows(const std::uint8_t *const *rows, int taps, int shift, int weight, std::int16_t *line, int count) {
  if (count < kBytes) return plain::sum_rows(rows, taps, shift, weight, line, count);
  switch (taps) {
    case 1:
      return sum_all<1>(rows, taps, shift, weight, line, count);
    case 2:
      return sum_all<2>(rows, taps, shift, weight, line, count);
    case 3:
      return sum_all<3>(rows, taps, shift, weight, line, count);
    case 4:
      return sum_all<4>(rows, taps, shift, weight, line, count);
    case 6:
      return sum_all<6>(rows, taps, shift, weight, line, count);
    default:
      return sum_all<0>(rows, taps, shift, weight, line, count);
  }
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

// Each quarter of sums[k] holds four values of one output: quarter q of to[v] gets value v of those of quarter q.
void transpose(const __m512i sums[4], __m512 to[4]) {
  const __m512 a = _mm512_cvtepi32_ps(sums[0]), b = _mm512_cvtepi32_ps(sums[1]);
  const __m512 c = _mm512_cvtepi32_ps(sums[2]), d = _mm512_cvtepi32_ps(sums[3]);
  const __m512 ab = _mm512_unpacklo_ps(a, b), cd = _mm512_unpacklo_ps(c, d);
  const __m512 ab_high = _mm512_unpackhi_ps(a, b), cd_high = _mm512_unpackhi_ps(c, d);
  to[0] = _mm512_shuffle_ps(ab, cd, 0x44);
  to[1] = _mm512_shuffle_ps(ab, cd, 0xee);
  to[2] = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
  to[3] = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
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
    __m512 values[4];
    transpose(sums, values);
    for (int c = 0; c < 3; ++c) {
      store_scaled(planes.out[c] + (block - first) * kBlock, values[c], planes.scale[c], planes.bias[c]);
    }
  }
}

void reduce_colour(const std::int16_t *line, const ColumnTaps &columns, int first, int last, const Planes &planes) {
  switch (columns.steps) {
    case 1:
      return reduce_blocks<1>(line, columns, first, last, planes);
    case 2:
      return reduce_blocks<2>(line, columns, first, last, planes);
    case 3:
      return reduce_blocks<3>(line, columns, first, last, planes);
    default:
      return reduce_blocks<0>(line, columns, first, last, planes);
  }
}

void reduce_grey(const std::int16_t *line, const ColumnTaps &columns, int first, int last, float *out, float scale,
                 float bias) {
  for (int block = first; block < last; ++block) {
    const std::int32_t *start = columns.start + block * kBlock;
    const std::int16_t *weights = columns.weights + static_cast<std::size_t>(block) * columns.steps * kBlock * 8;
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    for (int s = 0; s < columns.steps; ++s, weights += kBlock * 8) {
      a = _mm512_add_epi32(a, _mm512_madd_epi16(load_four(line, start, 8 * s), load(weights)));
      b = _mm512_add_epi32(b, _mm512_madd_epi16(load_four(line, start + 1, 8 * s), load(weights + 32)));
      c = _mm512_add_epi32(c, _mm512_madd_epi16(load_four(line, start + 2, 8 * s), load(weights + 64)));
      d = _mm512_add_epi32(d, _mm512_madd_epi16(load_four(line, start + 3, 8 * s), load(weights + 96)));
    }
    const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    const __m512i sum = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    store_scaled(out + (block - first) * kBlock, _mm512_cvtepi32_ps(sum), scale, bias);
  }
}

// Sixteen pixels from `offset` on, over all rows: each quarter holds four, as 16-bit sums of pairs, b b g g r r and
// nothing.
template <int Side>
__m512i pair_sums(const std::uint8_t *const *rows, int offset, std::int64_t ahead) {
  const __m512i quarters = _mm512_setr_epi32(0, 1, 2, 12, 3, 4, 5, 12, 6, 7, 8, 12, 9, 10, 11, 12);
  const __m512i channels = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
  __m512i sums = _mm512_setzero_si512();
  for (int t = 0; t < Side; ++t) {
    _mm_prefetch(reinterpret_cast<const char *>(rows[t] + offset + ahead), _MM_HINT_T0);
    const __m512i pixels = _mm512_maskz_loadu_epi32(0x0fff, rows[t] + offset);
    const __m512i ordered = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(quarters, pixels), channels);
    sums = _mm512_add_epi16(sums, _mm512_maddubs_epi16(ordered, _mm512_set1_epi8(1)));
  }
  return sums;
}

// b, g, r and nothing in each quarter; box_blocks puts the outputs into order.
template <int Side>
void box_sums(const std::uint8_t *const *rows, int offset, std::int64_t ahead, __m512i sums[4]) {
  if (Side == 4) {
    const __m512i both = _mm512_set1_epi32(0x00010001);
    for (int k = 0; k < 4; ++k) sums[k] = _mm512_madd_epi16(pair_sums<Side>(rows, offset + 48 * k, ahead), both);
    return;
  }
  for (int k = 0; k < 4; k += 2) {
    const __m512i pairs = pair_sums<Side>(rows, offset + 24 * k, ahead);
    sums[k] = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00000001));
    sums[k + 1] = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00010000));
  }
}

template <int Side>
void box_blocks(const std::uint8_t *const *rows, int blocks, std::int64_t ahead, const Planes &planes) {
  const __m512i order = Side == 4 ? _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
                                  : _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  for (int o = 0; o < blocks * kBlock; o += kBlock) {
    __m512i sums[4];
    box_sums<Side>(rows, o * Side * 3, ahead, sums);
    __m512 values[4];
    transpose(sums, values);
    for (int c = 0; c < 3; ++c) {
      store_scaled(planes.out[c] + o, _mm512_permutexvar_ps(order, values[c]), planes.scale[c], planes.bias[c]);
    }
  }
}

void box_colour(const std::uint8_t *const *rows, int side, int blocks, std::int64_t ahead, const Planes &planes) {
  return side == 4 ? box_blocks<4>(rows, blocks, ahead, planes) : box_blocks<2>(rows, blocks, ahead, planes);
}

}  // namespace

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = {
    "avx512", blend_rows, sum_rows, reduce_colour, reduce_grey, box_colour, avx2::sample_colour, avx2::planes_from_yuv};

}  // namespace edge
