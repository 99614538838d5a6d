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

boost::json::object counts_json(const std::map<std::string, std::uint64_t>& counts) {
  boost::json::object object;
  for (const auto& [name, count] : counts) {
    if (count > 0) object[name] = count;
  }
  return object;
}

boost::json::value text_or_null(const std::string& text) {
  return text.empty() ? boost::json::value() : boost::json::value(text);
}

}  // namespace weir::admin
