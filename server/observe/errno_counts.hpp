#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace weir {

/// Counts errors by their errno. Written by one thread, read by any. Keeps the first kKinds kinds apart and counts all
/// others together.
class ErrnoCounts {
 public:
  static constexpr std::size_t kKinds = 12;

  void add(int error) {
    for (Count& count : counts_) {
      const int kind = count.error.load(std::memory_order_relaxed);
      if (kind != error && kind != 0) continue;
      if (kind == 0) count.error.store(error, std::memory_order_relaxed);
      count.times.store(count.times.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      return;
    }
    others_.store(others_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// By name, such as ECONNREFUSED; `other` for what was not kept apart.
  void add_to(std::map<std::string, std::uint64_t>& total) const;

 private:
  struct Count {
    std::atomic<int> error{0};  ///< 0: none yet
    std::atomic<std::uint64_t> times{0};
  };

  std::array<Count, kKinds> counts_;
  std::atomic<std::uint64_t> others_{0};
};

}  // namespace weir
