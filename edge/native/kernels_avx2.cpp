// SPDX-License-Identifier: Apache-2.0
#include "kernels_avx2.hpp"

#include <immintrin.h>

#include "kernels_plain.hpp"

namespace edge {
namespace {

constexpr int kBytes = 32;

__m256i load(const void *from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }

// Unpacking works within halves: puts 16-bit values back into the order of their bytes.
void store_in_order(std::int16_t *to, __m256i low, __m256i high) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm256_permute2x128_si256(low, high, 0x20));
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + 16), _mm256_permute2x128_si256(low, high, 0x31));
}

// `Taps` is the number of rows where it is small, so that the compiler keeps their addresses; 0 asks `taps`.
template <int Taps>
void blend_all(const std::uint8_t *const *rows, const std::uint32_t *weights, int taps, int bias, std::int16_t *line,
               int count) {
  const int many = Taps != 0 ? Taps : taps;
  const __m256i zero = _mm256_setzero_si256(), start = _mm256_set1_epi16(static_cast<short>(bias));
  for (int block = 0; block < count; block += kBytes) {
    const int i = block <= count - kBytes ? block : count - kBytes;
    __m256i low = start, high = start;
    for (int t = 0; t < many; ++t) {
      const __m256i pixels = load(rows[t] + i), weight = _mm256_set1_epi32(static_cast<int>(weights[t]));
      low = _mm256_add_epi16(low, _mm256_mulhi_epu16(_mm256_unpacklo_epi8(zero, pixels), weight));
      high = _mm256_add_epi16(high, _mm256_mulhi_epu16(_mm256_unpackhi_epi8(zero, pixels), weight));
    }
    store_in_order(line + i, _mm256_srli_epi16(low, 1), _mm256_srli_epi16(high, 1));
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
  const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
  const __m256i weights = _mm256_set1_epi16(static_cast<short>(weight));
  for (int block = 0; block < count; block += kBytes) {
    const int i = block <= count - kBytes ? block : count - kBytes;
    __m256i low = zero, high = zero;
    for (int t = 0; t < many; t += 2) {
      const __m256i a = load(rows[t] + i), b = t + 1 < many ? load(rows[t + 1] + i) : zero;
      low = _mm256_add_epi16(low, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), ones));
      high = _mm256_add_epi16(high, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), ones));
    }
    low = _mm256_mulhi_epu16(_mm256_sll_epi16(low, shifts), weights);
    high = _mm256_mulhi_epu16(_mm256_sll_epi16(high, shifts), weights);
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

// Eight elements of the line for each of outputs o and o + 4.
__m256i load_pair(const std::int16_t *line, const std::int32_t *start, int step) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i *>(line + start[0] + step));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i *>(line + start[4] + step));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

// sums[k] holds four values for output k and four for output k + 4: to[v] gets value v of outputs 0..7.
void transpose(const __m256i sums[4], __m256 to[4]) {
  const __m256 a = _mm256_cvtepi32_ps(sums[0]), b = _mm256_cvtepi32_ps(sums[1]);
  const __m256 c = _mm256_cvtepi32_ps(sums[2]), d = _mm256_cvtepi32_ps(sums[3]);
  const __m256 ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
  const __m256 ab_high = _mm256_unpackhi_ps(a, b), cd_high = _mm256_unpackhi_ps(c, d);
  to[0] = _mm256_shuffle_ps(ab, cd, 0x44);
  to[1] = _mm256_shuffle_ps(ab, cd, 0xee);
  to[2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
  to[3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
}

void store_scaled(float *to, __m256 value, float scale, float bias) {
  _mm256_storeu_ps(to, _mm256_add_ps(_mm256_mul_ps(value, _mm256_set1_ps(scale)), _mm256_set1_ps(bias)));
}

void reduce_colour(const std::int16_t *line, const ColumnTaps &columns, int first, int last, const Planes &planes) {
  const __m256i pairs = _mm256_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15,  //
                                         0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15);
  for (int half = 2 * first; half < 2 * last; ++half) {
    const std::int32_t *start = columns.start + half * 8;
    const std::int16_t *weights = columns.weights + (half / 2) * columns.steps * kBlock * 8 + (half % 2) * 16;
    __m256i sums[4];
    for (int k = 0; k < 4; ++k) sums[k] = _mm256_setzero_si256();
    for (int s = 0; s < columns.steps; ++s, weights += kBlock * 8) {
      for (int k = 0; k < 4; ++k) {
        const __m256i pixels = _mm256_shuffle_epi8(load_pair(line, start + k, 6 * s), pairs);
        sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(pixels, load(weights + k * 32)));
      }
    }
    __m256 values[4];
    transpose(sums, values);
    for (int c = 0; c < 3; ++c) {
      store_scaled(planes.out[c] + (half - 2 * first) * 8, values[c], planes.scale[c], planes.bias[c]);
    }
  }
}

void reduce_grey(const std::int16_t *line, const ColumnTaps &columns, int first, int last, float *out, float scale,
                 float bias) {
  for (int half = 2 * first; half < 2 * last; ++half) {
    const std::int32_t *start = columns.start + half * 8;
    const std::int16_t *weights = columns.weights + (half / 2) * columns.steps * kBlock * 8 + (half % 2) * 16;
    __m256i sums[4];
    for (int k = 0; k < 4; ++k) sums[k] = _mm256_setzero_si256();
    for (int s = 0; s < columns.steps; ++s, weights += kBlock * 8) {
      for (int k = 0; k < 4; ++k) {
        const __m256i pixels = load_pair(line, start + k, 8 * s);
        sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(pixels, load(weights + k * 32)));
      }
    }
    const __m256i first_two = _mm256_hadd_epi32(sums[0], sums[1]), last_two = _mm256_hadd_epi32(sums[2], sums[3]);
    const __m256 value = _mm256_cvtepi32_ps(_mm256_hadd_epi32(first_two, last_two));
    store_scaled(out + (half - 2 * first) * 8, value, scale, bias);
  }
}

// Eight pixels from `offset` on, over all rows: each half holds four, as 16-bit sums of pairs, b b g g r r and nothing.
template <int Side>
__m256i pair_sums(const std::uint8_t *const *rows, int offset, std::int64_t ahead) {
  const __m256i six = _mm256_setr_epi32(-1, -1, -1, -1, -1, -1, 0, 0),
                halves = _mm256_setr_epi32(0, 1, 2, 6, 3, 4, 5, 7);
  const __m256i channels =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
  __m256i sums = _mm256_setzero_si256();
  for (int t = 0; t < Side; ++t) {
    _mm_prefetch(reinterpret_cast<const char *>(rows[t] + offset + ahead), _MM_HINT_T0);
    const __m256i pixels = _mm256_maskload_epi32(reinterpret_cast<const int *>(rows[t] + offset), six);
    const __m256i ordered = _mm256_shuffle_epi8(_mm256_permutevar8x32_epi32(pixels, halves), channels);
    sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(ordered, _mm256_set1_epi8(1)));
  }
  return sums;
}

// b, g, r and nothing for each of outputs k and k + 4.
template <int Side>
void box_sums(const std::uint8_t *const *rows, int offset, std::int64_t ahead, __m256i sums[4]) {
  __m256i a, b, c, d;
  if (Side == 4) {
    const __m256i both = _mm256_set1_epi32(0x00010001);
    a = _mm256_madd_epi16(pair_sums<Side>(rows, offset, ahead), both);
    b = _mm256_madd_epi16(pair_sums<Side>(rows, offset + 48, ahead), both);
    c = _mm256_madd_epi16(pair_sums<Side>(rows, offset + 24, ahead), both);
    d = _mm256_madd_epi16(pair_sums<Side>(rows, offset + 72, ahead), both);
    sums[0] = _mm256_permute2x128_si256(a, b, 0x20), sums[1] = _mm256_permute2x128_si256(a, b, 0x31);
    sums[2] = _mm256_permute2x128_si256(c, d, 0x20), sums[3] = _mm256_permute2x128_si256(c, d, 0x31);
    return;
  }
  const __m256i low = pair_sums<Side>(rows, offset, ahead), high = pair_sums<Side>(rows, offset + 24, ahead);
  const __m256i even = _mm256_set1_epi32(0x00000001), odd = _mm256_set1_epi32(0x00010000);
  a = _mm256_madd_epi16(low, even), b = _mm256_madd_epi16(high, even);
  c = _mm256_madd_epi16(low, odd), d = _mm256_madd_epi16(high, odd);
  sums[0] = _mm256_permute2x128_si256(a, b, 0x20), sums[2] = _mm256_permute2x128_si256(a, b, 0x31);
  sums[1] = _mm256_permute2x128_si256(c, d, 0x20), sums[3] = _mm256_permute2x128_si256(c, d, 0x31);
}

template <int Side>
void box_blocks(const std::uint8_t *const *rows, int blocks, std::int64_t ahead, const Planes &planes) {
  for (int o = 0; o < blocks * kBlock; o += 8) {
    __m256i sums[4];
    box_sums<Side>(rows, o * Side * 3, ahead, sums);
    __m256 values[4];
    transpose(sums, values);
    for (int c = 0; c < 3; ++c) store_scaled(planes.out[c] + o, values[c], planes.scale[c], planes.bias[c]);
  }
}

void box_colour(const std::uint8_t *const *rows, int side, int blocks, std::int64_t ahead, const Planes &planes) {
  return side == 4 ? box_blocks<4>(rows, blocks, ahead, planes) : box_blocks<2>(rows, blocks, ahead, planes);
}

// Where the samples of eight output pixels lie, and their weights as pairs of 16 bits.
struct Samples {
  alignas(32) std::int32_t offset[8];
  alignas(32) std::int32_t shuffle[8];
  alignas(32) std::int32_t top[8];
  alignas(32) std::int32_t bottom[8];
};

__m256i clamp(__m256i value, int low, int high) {
  return _mm256_max_epi32(_mm256_min_epi32(value, _mm256_set1_epi32(high)), _mm256_set1_epi32(low));
}

// A sample in the last two columns is read from two bytes further left, so that no read leaves the row.
void locate(const PackedPicture &p, __m256i position_x, __m256i position_y, Samples &samples) {
  constexpr int kDrop = kPositionBits - kObliqueBits;
  const __m256i x = clamp(position_x, 0, (p.width - 1) << kPositionBits);
  const __m256i y = clamp(position_y, 0, (p.height - 1) << kPositionBits);
  const __m256i column = clamp(_mm256_srai_epi32(x, kPositionBits), 0, p.width - 2);
  const __m256i row = clamp(_mm256_srai_epi32(y, kPositionBits), 0, p.height > 1 ? p.height - 2 : 0);
  const __m256i fx = _mm256_srai_epi32(_mm256_sub_epi32(x, _mm256_slli_epi32(column, kPositionBits)), kDrop);
  const __m256i fy = _mm256_srai_epi32(_mm256_sub_epi32(y, _mm256_slli_epi32(row, kPositionBits)), kDrop);
  const __m256i w11 = _mm256_srai_epi32(_mm256_mullo_epi32(fx, fy), kObliqueBits);
  const __m256i w10 = _mm256_sub_epi32(fx, w11), w01 = _mm256_sub_epi32(fy, w11);
  const __m256i w00 = _mm256_sub_epi32(_mm256_sub_epi32(_mm256_set1_epi32(1 << kObliqueBits), fx), w01);
  const __m256i over = _mm256_cmpgt_epi32(column, _mm256_set1_epi32(p.width - 3));
  const __m256i stride = _mm256_set1_epi32(static_cast<int>(p.row_stride));
  __m256i offset =
      _mm256_add_epi32(_mm256_mullo_epi32(row, stride), _mm256_add_epi32(column, _mm256_add_epi32(column, column)));
  offset = _mm256_add_epi32(offset, _mm256_add_epi32(over, over));
  _mm256_store_si256(reinterpret_cast<__m256i *>(samples.offset), offset);
  _mm256_store_si256(reinterpret_cast<__m256i *>(samples.shuffle), _mm256_and_si256(over, _mm256_set1_epi32(16)));
  _mm256_store_si256(reinterpret_cast<__m256i *>(samples.top), _mm256_or_si256(w00, _mm256_slli_epi32(w10, 16)));
  _mm256_store_si256(reinterpret_cast<__m256i *>(samples.bottom), _mm256_or_si256(w01, _mm256_slli_epi32(w11, 16)));
}

alignas(16) constexpr std::int8_t kPixelPairs[32] = {0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,
                                                     2, -1, 5, -1, 3, -1, 6, -1, 4, -1, 7, -1, -1, -1, -1, -1};

// Two neighbouring pixels, weighed: four 32-bit sums, of which the last is 0.
__m128i weigh(const std::uint8_t *pixels, __m128i shuffle, std::int32_t weights) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(pixels));
  return _mm_madd_epi16(_mm_shuffle_epi8(bytes, shuffle), _mm_set1_epi32(weights));
}

__m256i widened(const std::uint8_t *bytes) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes)));
}

}  // namespace

namespace avx2 {

void sample_colour(const PackedPicture &picture, const SampleGrid &grid, const std::int32_t *x, const std::int32_t *y,
                   int count, float *const bgr[3]) {
  const __m256 scale =
      _mm256_set1_ps(1.0f / (static_cast<float>(1 << kObliqueBits) * static_cast<float>(grid.kx * grid.ky)));
  Samples samples;
  for (int o = 0; o < count; o += kObliqueGroup) {
    __m256 total[4];
    for (int v = 0; v < 4; ++v) total[v] = _mm256_setzero_ps();
    for (int j = 0; j < grid.ky; ++j) {
      __m128i sums[8];
      for (int p = 0; p < 8; ++p) sums[p] = _mm_setzero_si128();
      for (int i = 0; i < grid.kx; ++i) {
        locate(picture, _mm256_add_epi32(load(x + o), _mm256_set1_epi32(grid.along_x[i] + grid.down_x[j])),
               _mm256_add_epi32(load(y + o), _mm256_set1_epi32(grid.along_y[i] + grid.down_y[j])), samples);
        for (int p = 0; p < 8; ++p) {
          const std::uint8_t *top = picture.pixels + samples.offset[p];
          const std::uint8_t *bottom = picture.height > 1 ? top + picture.row_stride : top;
          const __m128i shuffle = _mm_load_si128(reinterpret_cast<const __m128i *>(kPixelPairs + samples.shuffle[p]));
          sums[p] = _mm_add_epi32(
              sums[p], _mm_add_epi32(weigh(top, shuffle, samples.top[p]), weigh(bottom, shuffle, samples.bottom[p])));
        }
      }
      __m256i pairs[4];
      for (int k = 0; k < 4; ++k) pairs[k] = _mm256_set_m128i(sums[k + 4], sums[k]);
      __m256 values[4];
      transpose(pairs, values);
      for (int c = 0; c < 3; ++c) total[c] = _mm256_add_ps(total[c], values[c]);
    }
    for (int c = 0; c < 3; ++c) _mm256_storeu_ps(bgr[c] + o, _mm256_mul_ps(total[c], scale));
  }
}

// Sixteen bits with 6 of them fractional; the arithmetic is bgr_from_yuv's.
void planes_from_yuv(const std::uint8_t *luma, const std::uint8_t *u, const std::uint8_t *v, int pairs,
                     std::uint8_t *const bgr[3]) {
  const __m256i middle = _mm256_set1_epi16(128), zero = _mm256_setzero_si256();
  int i = 0;
  for (; i + 16 <= pairs; i += 16) {
    const __m256i cb = _mm256_sub_epi16(widened(u + i), middle), cr = _mm256_sub_epi16(widened(v + i), middle);
    const __m256i cb8 = _mm256_slli_epi16(cb, 8), cr8 = _mm256_slli_epi16(cr, 8);
    const auto times = [](__m256i value, short factor) { return _mm256_mulhi_epi16(value, _mm256_set1_epi16(factor)); };
    const __m256i blue = _mm256_add_epi16(_mm256_slli_epi16(cb, 7), times(cb8, 282));
    const __m256i green = _mm256_sub_epi16(_mm256_sub_epi16(zero, times(cb8, 6419)), times(cr8, 13320));
    const __m256i red = times(cr8, 26149);
    const __m256i y = _mm256_subs_epu8(load(luma + 2 * i), _mm256_set1_epi8(16));
    const __m256i scale = _mm256_set1_epi16(19077), half = _mm256_set1_epi16(32);
    const __m256i low = _mm256_add_epi16(_mm256_mulhi_epu16(_mm256_unpacklo_epi8(zero, y), scale), half);
    const __m256i high = _mm256_add_epi16(_mm256_mulhi_epu16(_mm256_unpackhi_epi8(zero, y), scale), half);
    const auto store = [&](std::uint8_t *to, __m256i chroma) {
      const __m256i first = _mm256_adds_epi16(low, _mm256_unpacklo_epi16(chroma, chroma));
      const __m256i second = _mm256_adds_epi16(high, _mm256_unpackhi_epi16(chroma, chroma));
      const __m256i bytes = _mm256_packus_epi16(_mm256_srai_epi16(first, 6), _mm256_srai_epi16(second, 6));
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + 2 * i), bytes);
    };
    store(bgr[0], blue);
    store(bgr[1], green);
    store(bgr[2], red);
  }
  plain::planes_from_yuv(luma, u, v, i, pairs, bgr);
}

}  // namespace avx2

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = {
    "avx2", blend_rows, sum_rows, reduce_colour, reduce_grey, box_colour, avx2::sample_colour, avx2::planes_from_yuv};

}  // namespace edge
