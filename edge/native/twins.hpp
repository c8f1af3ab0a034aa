// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels' twins: the same work on the processor, from the same parameter, with pointers into its memory.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace edge {

struct Twin {
  const char *kernel;
  std::size_t parameter_bytes;
  void (*run)(const void *parameter);
};

// All of them, in the order of cuda/parameters.hpp.
const std::vector<Twin> &twins();

// Null for a name that no kernel has.
const Twin *find_twin(const std::string &kernel);

}  // namespace edge
