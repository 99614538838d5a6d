#pragma once

#include <string_view>

namespace weir {

/// In `allow` and `deny`, beside ranges: the clients of unix sockets, which have no address.
inline constexpr std::string_view kUnixClients = "unix";

}  // namespace weir
