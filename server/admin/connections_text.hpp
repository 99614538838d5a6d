#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "server/admin/terminal_style.hpp"

namespace weir::admin {

/// A page of `GET /api/v1/connections` as a table, in the order of the answer.
std::string connections_text(const boost::json::value& page, const TextStyle& style);

}  // namespace weir::admin
