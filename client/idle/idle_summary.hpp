#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/idle/idle_options.hpp"
#include "client/measure/failure.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir::load {

/// How a connection that was held has ended, or that it has not.
enum class IdleEnd : std::uint8_t {
  unopened,   ///< it was never established
  open,       ///< held to the end of the run
  fin,        ///< the other side closed it
  truncated,  ///< the same, without TLS's close_notify
  rst,        ///< the other side, or a box on the way, reset it
  timed_out,  ///< keepalive probes got no answer (ETIMEDOUT)
  alert,      ///< with a TLS alert, or a record that is none
  failed,     ///< for another reason: unreachable, and so on
  count_,
};

inline constexpr std::size_t kIdleEnds = static_cast<std::size_t>(IdleEnd::count_);

constexpr bool is_ended(IdleEnd end) { return end >= IdleEnd::fin && end < IdleEnd::count_; }
std::string_view idle_end_key(IdleEnd end);
std::string_view idle_end_text(IdleEnd end);
/// What a failed read means to a connection that is held.
IdleEnd idle_end_of(int error);

/// What became of one connection.
struct IdleTally {
  IdleEnd end = IdleEnd::unopened;
  Failure failure = Failure::none;  ///< why it was not established; none: the run ended before
  std::uint16_t port = 0;           ///< local; 0 on a unix socket
  int error = 0;                    ///< an errno, where it failed
  std::uint64_t bytes = 0;          ///< that came meanwhile
  io::Clock::time_point opened{};
  io::Clock::time_point ended{};

  io::Clock::duration lifetime() const { return ended - opened; }
};

enum class IdleEndedBy : std::uint8_t { duration, interrupt, all_ended, no_connection };

/// All that a run found out; what every report is made from.
struct IdleSummary {
  IdleOptions options;
  std::string version;
  std::string endpoint;
  std::chrono::system_clock::time_point started;
  io::Clock::time_point began{};
  IdleEndedBy ended_by = IdleEndedBy::duration;
  double seconds = 0;  ///< from the first connect to the end
  std::vector<IdleTally> tallies;
  std::string example;  ///< what is known of the first failed handshake

  std::uint64_t count(IdleEnd end) const;
  std::uint64_t reached() const { return tallies.size() - count(IdleEnd::unopened); }
  std::uint64_t ended() const;
  FailureCounts failures() const;
  std::uint64_t bytes() const;
  /// Of those that ended, the shortest first.
  std::vector<io::Clock::duration> lifetimes() const;
  /// The numbers of those that ended, the first to end first; at most `most`.
  std::vector<std::uint32_t> first_ended(std::size_t most) const;
  /// 0 fine, 1 too many failures or too many ended.
  int exit_status() const;
};

/// One row of a drawing: from `least` up to the next row's, and how many.
struct LifetimeRow {
  io::Clock::duration least;
  std::uint64_t count;
};

/// Sorted lifetimes in at most `rows` rows of the same width, or one row where they are all but the same.
std::vector<LifetimeRow> lifetime_rows(const std::vector<io::Clock::duration>& sorted, std::size_t rows);

}  // namespace weir::load
