#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/observe/session_record.hpp"

namespace weir {

/// A listener's state and counts at one moment. A value: whoever renders it needs nothing of the running daemon.
struct ListenerSnapshot {
  std::string name;
  std::vector<std::string> bound;  ///< the addresses that it listens on; none once its sockets are closed
  std::array<std::uint64_t, kSessionEnds> ended{};

  std::uint64_t ended_as(SessionEnd end) const { return ended[static_cast<std::size_t>(end)]; }
};

/// The daemon's state at one moment.
struct ServerSnapshot {
  std::size_t workers = 0;
  std::uint64_t active = 0;          ///< connections
  std::uint64_t ended_in_drain = 0;  ///< by themselves
  std::uint64_t cut_in_drain = 0;
  std::vector<ListenerSnapshot> listeners;  ///< in the order of the configuration
};

/// `listener echo: 12 connections: client_closed=11 idle_timeout=1`.
std::string describe_ends(const ListenerSnapshot& listener);

}  // namespace weir
