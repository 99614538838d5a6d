#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::load {

/// The times that are kept apart. A request is due when the plan says so; in a closed loop that is when it is sent.
enum class Time : std::uint8_t {
  response,    ///< from when a request was due to the last byte of its reply: what a user feels
  service,     ///< from when it was sent; of an open loop, for in a closed one it is the response
  lag,         ///< from when it was due to when it was sent, as far as the generator itself is to blame; open loop
  connect,     ///< from connect(2) until the connection stood
  handshake,   ///< of TLS, from the first message until it was done; full ones
  resumed,     ///< the same of those that resumed a session
  first_byte,  ///< connect workload: from when a request was sent to the first byte of its reply
  close,       ///< connect workload: from our FIN to the peer's
  cycle,       ///< connect workload: from when a connection was due until it was closed
  newcomer,    ///< from when a newcomer was due to its whole first reply
  count_,
};

inline constexpr std::size_t kTimes = static_cast<std::size_t>(Time::count_);

/// Whether only runs over TLS have it.
constexpr bool is_of_tls(Time time) { return time == Time::handshake || time == Time::resumed; }

/// The name in JSON reports: `first_byte`.
std::string_view time_key(Time time);
/// The name for people: `first byte`.
std::string_view time_text(Time time);

}  // namespace weir::load
