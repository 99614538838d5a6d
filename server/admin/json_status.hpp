#pragma once

#include <boost/json/value.hpp>

#include "server/observe/snapshot.hpp"

namespace weir::admin {

/// The answer of `/api/v1/status`, as docs/api.md describes it.
boost::json::value status_json(const ServerSnapshot& snapshot);

}  // namespace weir::admin
