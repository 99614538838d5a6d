#pragma once

#include <cstdint>
#include <filesystem>
#include <set>

namespace weir {

/// What a process listens on.
struct ListeningSockets {
  std::set<std::uint16_t> ports;  ///< of TCP, whatever the address
  bool unix_sockets = false;

  bool empty() const { return ports.empty() && !unix_sockets; }
};

/// Reads a folder of proc(5) such as /proc/1: which sockets the process has, and which of them the kernel says that
/// somebody listens on. Nobody is connected to. Throws std::system_error where the process may not be looked into, as
/// that of another user, or has gone.
ListeningSockets listening_sockets_of(const std::filesystem::path& process);

}  // namespace weir
