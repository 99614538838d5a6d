#include "client/stream/pace.hpp"

#include <algorithm>
#include <limits>

namespace weir::load {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

/// a × b / c without overflow.
std::uint64_t scale(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b / c);
}

}  // namespace

Pace::Pace(std::uint64_t rate) : rate_(rate), piece_(std::clamp<std::uint64_t>(rate / kPieces, 1, kLargest)) {}

void Pace::begin(Moment now) {
  base_ = now;
  counted_ = 0;
}

Pace::Moment Pace::due() const {
  if (!limited()) return base_;
  // Rounded up: a nanosecond too early would find less than a piece.
  return base_ + std::chrono::nanoseconds(scale(counted_ + piece_, kSecond, rate_) + 1);
}

std::uint64_t Pace::allowance(Moment now) {
  if (!limited()) return std::numeric_limits<std::uint64_t>::max();
  if (now < due()) return 0;
  const auto passed = static_cast<std::uint64_t>(std::chrono::nanoseconds(now - base_).count());
  const std::uint64_t earned = scale(passed, rate_, kSecond);
  const std::uint64_t most = std::max(piece_, rate_ / (std::chrono::seconds(1) / kMadeUp));
  if (earned - counted_ > most + piece_) {
    begin(now);
    // As if all but the largest arrear had been sent.
    base_ -= std::chrono::nanoseconds(scale(most, kSecond, rate_));
    return most;
  }
  return earned - counted_;
}

}  // namespace weir::load
