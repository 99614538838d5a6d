#include "server/admission/last_to_end.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir {

std::string describe(const DrainedConnection& connection) {
  std::string text = fmt::format("connection {} ended {:.3f}s into the drain end={} listener={} client={}",
                                 connection.id, std::chrono::duration<double>(connection.after).count(),
                                 to_string(connection.end), *connection.listener, connection.client.to_string());
  if (connection.backend) text += " backend=" + *connection.backend;
  return text;
}

void LastToEnd::add(DrainedConnection connection) { ring_[added_++ % kMost] = std::move(connection); }

std::vector<DrainedConnection> LastToEnd::latest_first() const {
  std::vector<DrainedConnection> latest;
  for (std::size_t i = 0; i < std::min(added_, kMost); ++i) latest.push_back(ring_[(added_ - 1 - i) % kMost]);
  return latest;
}

}  // namespace weir
