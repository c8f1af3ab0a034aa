// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <array>
#include <atomic>
#include <cstring>

namespace edge {

extern const Kernels kPortableKernels;
#if defined(EDGE_X86_KERNELS)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#elif defined(EDGE_NEON_KERNELS)
extern const Kernels kNeonKernels;
#endif

namespace {

using Tables = std::array<const Kernels *, 4>;

Tables tables_of_this_processor() {
  Tables tables{&kPortableKernels};
  std::size_t count = 1;
#if defined(EDGE_X86_KERNELS)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2) tables[count++] = &kAvx2Kernels;
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    tables[count++] = &kAvx512Kernels;
  }
#elif defined(EDGE_NEON_KERNELS)
  tables[count++] = &kNeonKernels;
#endif
  (void)count;
  return tables;
}

const Tables &tables() {
  static const Tables all = tables_of_this_processor();
  return all;
}

const Kernels *fastest() {
  const Kernels *best = nullptr;
  for (const Kernels *table : tables()) best = table != nullptr ? table : best;
  return best;
}

std::atomic<const Kernels *> &in_use() {
  static std::atomic<const Kernels *> table{fastest()};
  return table;
}

}  // namespace

const Kernels *const *available_kernels() { return tables().data(); }

const Kernels &kernels() { return *in_use().load(std::memory_order_relaxed); }

bool use_kernels(const char *name) {
  for (const Kernels *table : tables()) {
    if (table != nullptr && std::strcmp(table->name, name) == 0) {
      in_use().store(table, std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

}  // namespace edge
