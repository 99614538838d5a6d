#pragma once

#include <filesystem>
#include <vector>

#include "common/endpoint.hpp"

namespace weir {

/// What a process listens on: TCP and unix sockets, in no order. Reads a folder of proc(5) such as /proc/1: which
/// sockets the process has, and which of them the kernel says that somebody listens on. Nobody is connected to. The
/// kernel does not say by which interface a link-local address is meant. Throws std::system_error where the process may
/// not be looked into, as that of another user, or has gone.
std::vector<Endpoint> listening_sockets_of(const std::filesystem::path& process);

}  // namespace weir
