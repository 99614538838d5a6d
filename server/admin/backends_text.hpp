#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "server/admin/terminal_style.hpp"

namespace weir::admin {

/// The upstreams of a `GET /api/v1/status` with their backends: those that get no new connections first, then the one
/// whose connects take longest. Whoever is much slower than the others of its upstream is marked. Empty where there are
/// no upstreams.
std::string backends_text(const boost::json::value& status, const TextStyle& style);

}  // namespace weir::admin
