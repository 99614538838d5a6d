#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "server/admin/terminal_style.hpp"

namespace weir::admin {

/// What `weir faults` shows of the answer to GET /api/v1/faults: a line on what is allowed, and a table.
std::string faults_text(const boost::json::value& answer, const TextStyle& style);

/// One fault of that answer in a line: `slow is on for 10m: latency delay=50ms, downstream, 20% of connections`.
std::string fault_line(const boost::json::value& fault);

}  // namespace weir::admin
