// SPDX-License-Identifier: Apache-2.0
// Numbers of 16 bits (IEEE 754 binary16), rounded to the nearest, ties to even.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace edge {

inline float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16, exponent = half >> 10 & 31U, fraction = half & 0x3FFU;
  if (exponent == 0) return std::copysign(static_cast<float>(fraction) * 0x1p-24F, sign != 0 ? -1.0F : 1.0F);
  const std::uint32_t bits = sign | (exponent == 31 ? 255U : exponent + 112U) << 23 | fraction << 13;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline std::uint16_t half_from_float(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const std::uint32_t sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half;
  if (magnitude >= 0x47800000U) {  // 65536 and more, infinite, not a number
    half = magnitude > 0x7F800000U ? 0x7E00U : 0x7C00U;
  } else if (magnitude < 0x38800000U) {  // less than the smallest normal number
    half = static_cast<std::uint32_t>(std::lrint(std::abs(value) * 0x1p24F));
  } else {
    half = (magnitude + 0xFFFU + (magnitude >> 13 & 1U) - 0x38000000U) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace edge
