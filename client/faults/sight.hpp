#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/io/timer_wheel.hpp"

namespace weir::load {

/// What was seen of one connection to an echo. Messages are sent one after another, each once the reply to the one
/// before has come as a whole, so that a message begins where the daemon begins to read.
struct Sight {
  using Time = io::Clock::time_point;

  struct Message {
    std::uint64_t place = 0;  ///< in the stream
    std::uint64_t length = 0;
    Time sent{};  ///< just before its first byte was
  };
  /// Bytes that came back, when they were read; they may have waited.
  struct Arrival {
    std::uint64_t place = 0;
    std::uint64_t length = 0;
    Time at{};
  };
  /// A byte that came back as another one.
  struct Turned {
    std::uint64_t place = 0;
    std::uint8_t mask = 0;  ///< the bits that differ

    bool operator==(const Turned&) const = default;
  };
  enum class End : std::uint8_t { none, fin, rst };

  /// No more than that many turned bytes are kept; a stream that is wrong altogether says no more with all of them.
  static constexpr std::size_t kMostTurned = 10'000;

  Time began{};  ///< just before the connect
  std::vector<Message> messages;
  std::vector<Arrival> arrivals;
  std::vector<Turned> turned;
  std::optional<Time> fin_sent;
  End end = End::none;
  Time ended{};          ///< when the end was seen, or the watch was over
  bool gave_up = false;  ///< the next byte, or the end, was waited for as long as --timeout allows

  std::uint64_t sent() const { return messages.empty() ? 0 : messages.back().place + messages.back().length; }
  std::uint64_t came() const { return arrivals.empty() ? 0 : arrivals.back().place + arrivals.back().length; }
};

}  // namespace weir::load
