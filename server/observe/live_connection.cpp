#include "server/observe/live_connection.hpp"

#include <array>

namespace weir {

std::string_view to_string(ConnectionStage stage) {
  constexpr std::array<std::string_view, 6> kNames{"header",   "handshake",   "connecting",
                                                   "carrying", "half_closed", "delivering"};
  return kNames[static_cast<std::size_t>(stage)];
}

}  // namespace weir
