// SPDX-License-Identifier: Apache-2.0
// Memory for vector instructions: starts on a cache line, begins as zeros, and only ever grows.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace edge {

constexpr std::size_t kCacheLine = 64;

template <typename Scalar>
class AlignedBuffer {
 public:
  // At least `count` zeros; what was there before is gone.
  Scalar *reset(std::size_t count) {
    if (count > capacity_) {
      void *memory = ::operator new(count * sizeof(Scalar), std::align_val_t(kCacheLine));
      values_.reset(static_cast<Scalar *>(memory));
      capacity_ = count;
    }
    if (count != 0) std::memset(static_cast<void *>(values_.get()), 0, count * sizeof(Scalar));
    return values_.get();
  }

  Scalar *data() const { return values_.get(); }

 private:
  struct Free {
    void operator()(Scalar *memory) const { ::operator delete(memory, std::align_val_t(kCacheLine)); }
  };
  std::unique_ptr<Scalar, Free> values_;
  std::size_t capacity_ = 0;
};

}  // namespace edge
