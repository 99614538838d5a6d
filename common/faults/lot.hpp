#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "common/faults/fault.hpp"

namespace weir::faults {

/// What chance has for one connection under one fault: a pure function of the seed, the listener's name, the fault's
/// name and the connection's number, the same in every process and version. Draws that come later depend on the place
/// in the stream beside that, and never on how it was read.
class Lot {
 public:
  Lot(std::uint64_t seed, std::string_view listener, std::string_view fault, std::uint64_t number);

  /// Whether the connection is one of so many percent; 0 and 100 are exact.
  bool is_among(double percent) const;

  /// Different uses of one place in the stream.
  enum class Use : std::uint8_t { whether = 1, delay = 2, slice = 3, stall = 4, place = 5, bit = 6 };
  /// From 0 up to, but without, 1.
  double draw(Use use, std::uint64_t place) const;

 private:
  std::uint64_t state_;
};

/// How much later what stands at that place arrives; never negative.
std::chrono::microseconds delay_at(const Latency& latency, const Lot& lot, std::uint64_t place);

/// How long the slice is that begins at that place; at least 1.
std::uint64_t slice_at(const Slice& slice, const Lot& lot, std::uint64_t place);

/// Whether the way stops at that place, one of those where it may.
bool stalls_at(const Stall& stall, const Lot& lot, std::uint64_t place);

/// The bit of a block that is turned: the byte's place in the stream, and the bit as a mask.
struct TurnedBit {
  std::uint64_t place;
  std::uint8_t mask;
};
TurnedBit turned_bit(const Corrupt& corrupt, const Lot& lot, std::uint64_t block);

}  // namespace weir::faults
