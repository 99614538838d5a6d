#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "common/io/timer_wheel.hpp"

namespace weir {

/// A rate of bytes that any number of connections on any thread keep to together. Whoever wants to move bytes books
/// them, and gets the time from which they may pass. So the connections that wait stand in one line, in the order in
/// which they booked, and nobody needs to wake them. Its state is one point in time (the generic cell rate algorithm,
/// ITU-T I.371). Any thread; takes no lock.
class ByteBucket {
 public:
  using Time = io::Clock::time_point;

  /// How much is booked at once: what passes in this time, so that those who share the rate take turns. Larger would be
  /// unfair for longer, smaller would cost more wake-ups.
  static constexpr std::chrono::milliseconds kShare{20};
  static constexpr std::uint64_t kLargestShare = 256 * 1024;
  /// Whoever comes later than this after its last booking has not come late for the thread's sake.
  static constexpr std::chrono::milliseconds kLateness{10};

  ByteBucket() = default;
  ByteBucket(std::uint64_t rate, std::uint64_t burst) { set(rate, burst); }
  ByteBucket(const ByteBucket&) = delete;
  ByteBucket& operator=(const ByteBucket&) = delete;

  /// Bytes a second from now on, and bytes that may pass at once after a pause. What is booked and has not passed takes
  /// as long as it does at the new rate, so that whoever gives it back gives back as much.
  void set(std::uint64_t rate, std::uint64_t burst, Time now = io::Clock::now()) {
    const std::uint64_t before = rate_.exchange(rate, std::memory_order_relaxed);
    burst_.store(burst, std::memory_order_relaxed);
    if (before == 0 || rate == before) return;
    const double longer = rate == 0 ? 0 : static_cast<double>(before) / static_cast<double>(rate);
    const std::int64_t from = units(now);
    std::int64_t seen = free_at_.load(std::memory_order_relaxed);
    while (seen > from) {
      const auto left = static_cast<std::int64_t>(std::min(static_cast<double>(seen - from) * longer, kMost));
      if (free_at_.compare_exchange_weak(seen, from + left, std::memory_order_relaxed)) return;
    }
  }
  /// Bytes a second; 0 = there is no limit.
  std::uint64_t rate() const { return rate_.load(std::memory_order_relaxed); }

  /// At most so many bytes are booked at once.
  std::uint64_t share() const {
    const std::uint64_t rate = this->rate();
    if (rate == 0) return kLargestShare;
    return std::clamp<std::uint64_t>(rate / (1000 / kShare.count()), 1, kLargestShare);
  }

  /// Books bytes, no more than share(), and returns when they may pass; that may be in the past. `waited_until` is the
  /// time that the caller's last booking was given: what has passed since then is not lost, kLateness at most, although
  /// the thread may be late.
  Time book(std::uint64_t bytes, Time now, Time waited_until = {}) {
    const std::uint64_t rate = this->rate();
    if (rate == 0) return now;
    std::int64_t least = units(now) - cost(burst_.load(std::memory_order_relaxed), rate);
    if (now - waited_until <= kLateness) least = std::min(least, units(waited_until));
    std::int64_t seen = free_at_.load(std::memory_order_relaxed);
    std::int64_t start = 0;
    do {
      start = std::max(seen, least);
    } while (!free_at_.compare_exchange_weak(seen, start + cost(bytes, rate), std::memory_order_relaxed));
    return Time(std::chrono::nanoseconds((start + kUnits - 1) / kUnits));
  }

  /// Bytes that were booked and do not pass after all.
  void give_back(std::uint64_t bytes) {
    const std::uint64_t rate = this->rate();
    if (rate != 0) free_at_.fetch_sub(cost(bytes, rate), std::memory_order_relaxed);
  }

  /// Whether it is as good as new.
  bool is_full(Time now) const {
    const std::uint64_t rate = this->rate();
    return rate == 0 ||
           free_at_.load(std::memory_order_relaxed) <= units(now) - cost(burst_.load(std::memory_order_relaxed), rate);
  }

 private:
  /// Of a nanosecond, so that a byte of a fast rate is not rounded away. The clock runs 18 years before they overflow.
  static constexpr std::int64_t kUnits = 16;
  /// No booking and no burst is longer than a year, so that sums cannot overflow.
  static constexpr double kMost = 365.0 * 86400 * 1e9 * kUnits;

  static std::int64_t units(Time time) { return std::chrono::nanoseconds(time.time_since_epoch()).count() * kUnits; }
  static std::int64_t cost(std::uint64_t bytes, std::uint64_t rate) {
    return static_cast<std::int64_t>(
        std::min(static_cast<double>(bytes) * (1e9 * kUnits) / static_cast<double>(rate), kMost));
  }

  std::atomic<std::uint64_t> rate_{0};
  std::atomic<std::uint64_t> burst_{0};
  /// In units of the clock: when everything that is booked has passed.
  std::atomic<std::int64_t> free_at_{0};
};

}  // namespace weir
