// SPDX-License-Identifier: Apache-2.0
// In the place of CUDA's header of this name, where kernels run on the processor.
#pragma once

#include <cstdint>

#include "half.hpp"

struct __half {
  std::uint16_t bits;
};

inline float __half2float(__half half) { return edge::float_from_half(half.bits); }
inline __half __float2half_rn(float value) { return {edge::half_from_float(value)}; }
