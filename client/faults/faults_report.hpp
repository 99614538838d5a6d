#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/faults/faults_summary.hpp"

namespace weir::load {

/// The report for people, with a newline at its end.
std::string faults_text_report(const FaultsSummary& summary);

/// The report for machines; its keys stand in docs/load-testing.md.
boost::json::object faults_json_report(const FaultsSummary& summary);

}  // namespace weir::load
