#include "server/admin/json_parts.hpp"

#include <cstddef>

namespace weir::admin {

boost::json::object ends_json(const std::array<std::uint64_t, kSessionEnds>& ended) {
  boost::json::object ends;
  for (std::size_t at = 0; at < ended.size(); ++at) {
    if (ended[at] > 0) ends[to_string(static_cast<SessionEnd>(at))] = ended[at];
  }
  return ends;
}

boost::json::value text_or_null(const std::string& text) {
  return text.empty() ? boost::json::value() : boost::json::value(text);
}

}  // namespace weir::admin
