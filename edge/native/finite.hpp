// SPDX-License-Identifier: Apache-2.0
// Whether a number is one.
#pragma once

#include <cstdint>
#include <cstring>

#include "pixel.hpp"

namespace edge {

// A float whose exponent has all bits set is infinite or not a number.
EDGE_HD bool is_finite(float value) {
  std::uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits & 0x7F800000U) != 0x7F800000U;
}

}  // namespace edge
