#pragma once

#include <cstdint>

#include "common/io/timer_wheel.hpp"

namespace weir::load {

/// How many bytes one stream may send when: a leaky bucket that lets through small pieces at even distances. What a
/// full socket kept from being sent is made up for within bounds, so that a pace is never a burst. Pure.
class Pace {
 public:
  using Moment = io::Clock::time_point;

  /// Bytes a second; 0: no limit.
  explicit Pace(std::uint64_t rate);

  bool limited() const { return rate_ != 0; }
  void begin(Moment now);
  /// How many bytes may be sent now; 0: none before due(). Without a limit, as many as one likes.
  std::uint64_t allowance(Moment now);
  void sent(std::uint64_t bytes) { counted_ += bytes; }
  /// When the next piece may be sent.
  Moment due() const;

 private:
  /// A piece is what four milliseconds are worth, within this.
  static constexpr std::uint64_t kPieces = 250;
  static constexpr std::uint64_t kLargest = 64 * 1024;
  static constexpr std::chrono::milliseconds kMadeUp{100};

  std::uint64_t rate_;
  std::uint64_t piece_;
  Moment base_{};
  std::uint64_t counted_ = 0;  ///< bytes since base_
};

}  // namespace weir::load
