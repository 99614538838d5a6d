#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

/// A number that one thread counts up and any thread reads: a plain addition, without the cost of an atomic one.
class Counter {
 public:
  void add(std::uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How many there are now; likewise.
class Level {
 public:
  void raise() { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void lower() { value_.store(value_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace weir
