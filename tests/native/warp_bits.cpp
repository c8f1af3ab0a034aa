// SPDX-License-Identifier: Apache-2.0
// Prints a line for each table of kernels and each picture: the table's name and a hash of the bits it makes.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "kernels.hpp"
#include "warp.hpp"

namespace {

// Numbers that are the same everywhere (D. E. Knuth's MMIX generator).
struct Numbers {
  std::uint64_t state;
  std::uint32_t next() {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint32_t>(state >> 33);
  }
};

// FNV-1a.
std::uint64_t hash_of(const std::vector<float> &values) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const float value : values) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    for (int byte = 0; byte < 4; ++byte) hash = (hash ^ (bits >> (8 * byte) & 255)) * 1099511628211ULL;
  }
  return hash;
}

struct Case {
  edge::PixelFormat format;
  int width, height;
  edge::AffineMap map;
};

// Shrinking by whole and by odd factors, growing, mirrored and turned: each takes another way through the warp.
constexpr Case kCases[] = {
    {edge::kBgr, 128, 96, {2.0, 0.0, 0.0, 0.0, 2.0, 0.0}},     {edge::kBgr, 256, 256, {4.0, 0.0, 0.0, 0.0, 4.0, 0.0}},
    {edge::kBgr, 133, 97, {2.31, 0.0, -3.5, 0.0, 2.31, 4.25}}, {edge::kBgr, 41, 33, {0.61, 0.0, 0.3, 0.0, 0.61, 0.1}},
    {edge::kBgr, 150, 90, {-1.7, 0.0, 140.0, 0.0, 1.7, 2.0}},  {edge::kBgr, 150, 90, {1.3, 0.7, 5.0, -0.7, 1.3, 30.0}},
    {edge::kGray, 133, 97, {2.31, 0.0, 1.0, 0.0, 2.31, 1.0}},  {edge::kNv12, 134, 98, {2.31, 0.0, 1.0, 0.0, 2.31, 1.0}},
    {edge::kYuyv, 134, 98, {1.9, 0.0, 1.0, 0.0, 1.9, 1.0}},
};

std::vector<float> warped(const Case &own) {
  Numbers numbers{static_cast<std::uint64_t>(own.width * 1000 + own.height)};
  const int channels = own.format == edge::kBgr ? 3 : own.format == edge::kYuyv ? 2 : 1;
  const int rows = own.format == edge::kNv12 ? own.height * 3 / 2 : own.height;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(own.width) * rows * channels);
  for (std::uint8_t &pixel : pixels) pixel = static_cast<std::uint8_t>(numbers.next());
  edge::Picture picture{};
  picture.pixels = pixels.data();
  picture.chroma =
      own.format == edge::kNv12 ? pixels.data() + static_cast<std::size_t>(own.width) * own.height : nullptr;
  picture.row_stride = static_cast<std::int64_t>(own.width) * channels;
  picture.column_stride = channels;
  picture.channel_stride = 1;
  picture.width = own.width;
  picture.height = own.height;
  picture.format = own.format;
  std::vector<float> values(3 * 64 * 64);
  const edge::Normalisation normalisation{
      {120.0f, 110.0f, 100.0f}, {60.0f, 61.0f, 62.0f}, {114.0f, 114.0f, 114.0f}, true};
  edge::warp_normalise(picture, &own.map, {values.data(), 1, 3, 64, 64}, normalisation, 1);
  return values;
}

}  // namespace

int main() {
  for (const edge::Kernels *const *table = edge::available_kernels(); *table != nullptr; ++table) {
    edge::use_kernels((*table)->name);
    for (const Case &own : kCases) {
      std::printf("%s %016llx\n", (*table)->name, static_cast<unsigned long long>(hash_of(warped(own))));
    }
  }
}
