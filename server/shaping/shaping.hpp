#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "common/faults/fault_set.hpp"
#include "server/shaping/bandwidth_limits.hpp"

namespace weir {

/// What a listener does to the bytes of its connections beside carrying them: its limits of bandwidth, and the faults
/// that are set. One for all versions of the listener. Connections look here when they begin, and again when
/// their worker was told that it has changed (Worker::reshape_sessions). Any thread; what sets is the control thread's.
class Shaping {
 public:
  static constexpr std::size_t kKinds = std::variant_size_v<faults::Kind>;
  using Counts = std::array<std::uint64_t, kKinds>;

  explicit Shaping(const BandwidthConfig& bandwidth) : bandwidth_(bandwidth) { look(); }
  Shaping(const Shaping&) = delete;
  Shaping& operator=(const Shaping&) = delete;

  /// Whether a connection has anything to look for.
  bool is_active() const { return active_.load(std::memory_order_acquire); }

  void set_bandwidth(const BandwidthConfig& bandwidth) {
    bandwidth_.set(bandwidth);
    look();
  }
  /// Null for none.
  void set_faults(faults::FaultSetPtr faults) {
    {
      const std::lock_guard lock(mutex_);
      faults_ = std::move(faults);
    }
    look();
  }

  faults::FaultSetPtr faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }
  BandwidthLimits& bandwidth() { return bandwidth_; }

  /// A connection has met a fault.
  void count_met(const faults::Fault& fault) { met_[fault.kind.index()].fetch_add(1, std::memory_order_relaxed); }
  /// How often each kind, by its place in faults::Kind, was met.
  Counts met() const {
    Counts counts{};
    for (std::size_t i = 0; i < kKinds; ++i) counts[i] = met_[i].load(std::memory_order_relaxed);
    return counts;
  }

 private:
  void look() {
    const faults::FaultSetPtr faults = this->faults();
    active_.store(bandwidth_.is_limited() || (faults && !faults->empty()), std::memory_order_release);
  }

  std::atomic<bool> active_{false};
  BandwidthLimits bandwidth_;
  mutable std::mutex mutex_;  ///< of the pointer
  faults::FaultSetPtr faults_;
  std::array<std::atomic<std::uint64_t>, kKinds> met_{};
};

}  // namespace weir
