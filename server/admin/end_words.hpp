#pragma once

#include <cstdint>
#include <string_view>

namespace weir::admin {

/// What an operator makes of a connection's end.
enum class EndKind : std::uint8_t {
  in_order,  ///< client_closed, server_closed, drained, and a FIN without close_notify
  refused,   ///< by a limit, a rate or a rule, one on TLS names or certificates too; for want of resources too
  injected,  ///< harm that was done on purpose, by a fault
  failed,    ///< all others, also those that a later version may know
};
EndKind kind_of_end(std::string_view end);

/// What it means, for people: `no backend took the connection`. Empty for one that is not known.
std::string_view words_of_end(std::string_view end);

}  // namespace weir::admin
