#pragma once

#include <boost/json/value.hpp>

#include "server/observe/history.hpp"

namespace weir::admin {

/// The answer of `/api/v1/history`, as docs/api.md describes it.
boost::json::value history_json(const History& history);

}  // namespace weir::admin
