// SPDX-License-Identifier: Apache-2.0
#include "render_grain.hpp"

#include "render_field.hpp"

namespace edge::render {

EDGE_CLONES void add_grain(std::uint8_t *bytes, std::size_t count, float sigma, std::uint32_t seed) {
  // The sum of the four bytes of a hash is nearly normal, with mean 510 and standard deviation 147.8.
  const int scale = static_cast<int>(sigma / 147.8f * 65536.0f);
  const std::uint32_t key = seed * 0x9E3779B9u + 0x7F4A7C15u;
  for (std::size_t i = 0; i < count; ++i) {
    // The finaliser of MurmurHash3 (Austin Appleby, public domain).
    std::uint32_t h = static_cast<std::uint32_t>(i) * 0x85EBCA6Bu ^ key;
    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13;
    h *= 0xC2B2AE35u;
    h ^= h >> 16;
    const int sum = static_cast<int>((h & 255u) + (h >> 8 & 255u) + (h >> 16 & 255u) + (h >> 24)) - 510;
    int value = static_cast<int>(bytes[i]) + ((sum * scale + 32768) >> 16);
    value = value < 0 ? 0 : value;
    bytes[i] = static_cast<std::uint8_t>(value > 255 ? 255 : value);
  }
}

}  // namespace edge::render
