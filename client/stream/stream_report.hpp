#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/stream/stream_summary.hpp"

namespace weir::load {

/// The report for people, with a newline at its end.
std::string stream_text_report(const StreamSummary& summary);

/// The report for machines; its keys stand in docs/load-testing.md.
boost::json::object stream_json_report(const StreamSummary& summary);

}  // namespace weir::load
