#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "server/admin/terminal_style.hpp"

namespace weir::admin {

/// What `weir status` asks for; all but the first may be null.
struct StatusAnswers {
  boost::json::value status;   ///< GET /api/v1/status
  boost::json::value history;  ///< GET /api/v1/history
  boost::json::value sources;  ///< GET /api/v1/sources
  boost::json::value slow;     ///< GET /api/v1/connections?slow=1&sort=kept
};

/// What the daemon does, for people. What needs somebody comes first: what is wrong, who is slow, why connections
/// failed in the last minutes, who holds the most.
std::string status_text(const StatusAnswers& answers, const TextStyle& style);

}  // namespace weir::admin
