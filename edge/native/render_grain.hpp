// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge::render {

// Adds sensor noise of standard deviation `sigma` to bytes, in place; the same seed gives the same noise.
void add_grain(std::uint8_t *bytes, std::size_t count, float sigma, std::uint32_t seed);

}  // namespace edge::render
