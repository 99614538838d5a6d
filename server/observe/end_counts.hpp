#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "server/observe/session_record.hpp"

namespace weir {

/// Counts the ends of one listener's connections on one worker. Written by that worker, read by any thread. On cache
/// lines of its own, so that workers do not slow each other down.
class alignas(64) EndCounts {
 public:
  void add(SessionEnd end) {
    std::atomic<std::uint64_t>& count = counts_[static_cast<std::size_t>(end)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // there is one writer
  }
  std::uint64_t of(SessionEnd end) const {
    return counts_[static_cast<std::size_t>(end)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kSessionEnds> counts_{};
};

}  // namespace weir
