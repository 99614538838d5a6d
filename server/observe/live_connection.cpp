#include "server/observe/live_connection.hpp"

#include <array>

#include "common/printable.hpp"

namespace weir {

std::string_view to_string(ConnectionStage stage) {
  constexpr std::array<std::string_view, 6> kNames{"header",   "handshake",   "connecting",
                                                   "carrying", "half_closed", "delivering"};
  return kNames[static_cast<std::size_t>(stage)];
}

LiveTls live_tls(const tls::Facts& facts) {
  return {std::string(facts.version), terminal_text(std::string_view(facts.sni).substr(0, kLongestForeignText))};
}

}  // namespace weir
