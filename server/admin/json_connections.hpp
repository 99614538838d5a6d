#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "server/observe/live_connection.hpp"
#include "server/observe/session_record.hpp"

namespace weir::admin {

/// The answers of `/api/v1/connections`, `sources` and `records`, as docs/api.md describes them.
boost::json::value connections_json(const ConnectionQuery& query, const ConnectionPage& page);
boost::json::value sources_json(const std::vector<SourceSummary>& sources);
/// As text, because a record is written by the function that the log has.
std::string records_json(const std::vector<SessionRecord>& records);

}  // namespace weir::admin
