#pragma once

#include <boost/json/object.hpp>

#include "server/config/config_diff_text.hpp"

namespace weir::admin {

/// `changes` of a reload: what docs/api.md shows.
boost::json::object diff_json(const ConfigDiff& diff, const ConnectionCounts& counts);

}  // namespace weir::admin
