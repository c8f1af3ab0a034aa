// SPDX-License-Identifier: Apache-2.0
// The warp for maps that turn or shear: each output pixel gathers its samples.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.hpp"
#include "warp.hpp"

namespace edge {

// One picture of the tensor. Results lie within 0.1 of 255 of the definition in pixel.hpp: fixed point (kernels.hpp).
class ObliqueWarp {
 public:
  ObliqueWarp(const Picture &picture, const AffineMap &map, const Tensor &tensor, const Normalisation &norm);

  // Writes output rows [first, last) of the planes that begin at `out`; threads may call this at the same time.
  void write_rows(int first, int last, float *out) const;

 private:
  enum class Reading { kInPlace, kTiles, kDefinition };
  struct Run {  // output pixels [first, last) of row y
    int first;
    int last;
    int y;
  };
  struct Origin {  // the source pixel where a copy begins
    int x;
    int y;
  };

  Reading reading_of(const Picture &picture) const;
  void write_tile(const Run *runs, int count, float *out, std::vector<std::uint8_t> &copy) const;
  void write_run(const PackedPicture &source, Origin origin, const Run &run, float *out) const;
  void write_definition(const Run &run, float *out) const;
  void store(const float *const bgr[3], const Run &run, float *out) const;

  const Picture &picture_;
  const AffineMap map_;
  const Tensor &tensor_;
  const Normalisation &norm_;
  const int kx_;
  const int ky_;
  Reading reading_;
  std::vector<std::int32_t> offsets_;  // along_x, along_y, down_x, down_y
  std::vector<Run> inside_;            // the pixels of each output row whose centres lie in the picture
};

}  // namespace edge
