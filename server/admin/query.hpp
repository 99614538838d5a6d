#pragma once

#include <cstddef>

#include "server/admin/target.hpp"
#include "server/observe/live_connection.hpp"

namespace weir::admin {

/// Each throws BadRequest that names the parameter and says what would be right, where one is unknown, stands twice or
/// has a wrong value.

/// The query of `/api/v1/connections`.
ConnectionQuery parse_connection_query(const Target& target);

/// `limit` alone.
std::size_t parse_source_query(const Target& target);

struct RecordQuery {
  bool failed = false;
  std::size_t limit = 100;
};
RecordQuery parse_record_query(const Target& target);

/// `dry_run` alone.
bool parse_reload_query(const Target& target);

/// There are no parameters.
void parse_empty_query(const Target& target);

}  // namespace weir::admin
