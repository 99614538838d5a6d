#include "client/measure/time_kind.hpp"

#include <array>

namespace weir::load {

namespace {

struct TimeNames {
  std::string_view key;
  std::string_view text;
};

constexpr std::array<TimeNames, kTimes> kTimeNames{{
    {"response", "response"},
    {"service", "service"},
    {"lag", "lag"},
    {"connect", "connect"},
    {"handshake", "handshake"},
    {"resumed", "resumed"},
    {"first_byte", "first byte"},
    {"close", "close"},
    {"cycle", "cycle"},
    {"newcomer", "newcomer"},
}};

}  // namespace

std::string_view time_key(Time time) { return kTimeNames[static_cast<std::size_t>(time)].key; }
std::string_view time_text(Time time) { return kTimeNames[static_cast<std::size_t>(time)].text; }

}  // namespace weir::load
