#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/idle/idle_summary.hpp"

namespace weir::load {

/// The report for people, with a newline at its end.
std::string idle_text_report(const IdleSummary& summary);

/// The report for machines; its keys stand in docs/load-testing.md.
boost::json::object idle_json_report(const IdleSummary& summary);

}  // namespace weir::load
