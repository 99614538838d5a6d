#include "server/observe/snapshot.hpp"

#include <fmt/format.h>

namespace weir {

std::string_view to_string(BackendState state) {
  constexpr std::array<std::string_view, kBackendStates> kNames{"up", "down", "checking", "ejected", "drained", "left"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string describe_ends(const ListenerSnapshot& listener) {
  std::uint64_t all = 0;
  std::string kinds;
  for (std::size_t i = 0; i < kSessionEnds; ++i) {
    const auto end = static_cast<SessionEnd>(i);
    const std::uint64_t count = listener.ended_as(end);
    if (count > 0) kinds += fmt::format("{}{}={}", kinds.empty() ? ": " : " ", to_string(end), count);
    all += count;
  }
  return fmt::format("listener {}: {} connections{}", listener.name, all, kinds);
}

}  // namespace weir
