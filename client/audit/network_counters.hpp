#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::load {

/// What the kernel counts of its TCP that tells of losses, under its own names (/proc/net/netstat and /proc/net/snmp).
/// All connections of the network namespace are in it, not those of a run alone.
enum class NetworkCounter : std::uint8_t {
  segments_sent,  ///< without those sent again
  segments_sent_again,
  timeouts,  ///< a retransmission timer ran out
  syns_sent_again,
  listen_overflows,     ///< connects dropped because the queue of those to be accepted was full
  listen_drops,         ///< connects dropped for any reason, those above included
  request_queue_drops,  ///< connects dropped because too many handshakes were under way
  syn_cookies,          ///< the same, but answered with a cookie
  backlog_drops,        ///< segments dropped because a socket was busy for too long
  receive_queue_drops,  ///< segments dropped because a receive buffer was full
  pruned,               ///< a receive buffer was full and was compacted
  aborted_for_memory,   ///< connections ended for want of TCP memory
  aborted_by_timeout,   ///< connections given up after many segments in vain
  memory_pressures,     ///< TCP as a whole came close to its memory limit
  bad_segments,         ///< with a wrong checksum, or malformed
  count_,
};

inline constexpr std::size_t kNetworkCounters = static_cast<std::size_t>(NetworkCounter::count_);

/// The kernel's name of it: `ListenOverflows`. It is that in JSON reports, too.
std::string_view kernel_name(NetworkCounter counter);

/// The counters at one moment, or how far they went in a time.
struct NetworkCounters {
  std::array<std::uint64_t, kNetworkCounters> counts{};

  std::uint64_t& operator[](NetworkCounter counter) { return counts[static_cast<std::size_t>(counter)]; }
  std::uint64_t operator[](NetworkCounter counter) const { return counts[static_cast<std::size_t>(counter)]; }
  bool operator==(const NetworkCounters&) const = default;

  /// Those of this process's network namespace. What the kernel does not count stays zero.
  static NetworkCounters now();
  /// Adds what a text in the form of these files has: for each protocol a line of names, then one of numbers.
  void parse(std::string_view text);
  /// What was counted since `earlier`; nothing where a counter has gone back.
  NetworkCounters since(const NetworkCounters& earlier) const;
};

}  // namespace weir::load
