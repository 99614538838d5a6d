#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace weir::load {

/// One page that needs nothing from elsewhere: it holds the whole document as JSON and draws it.
///
/// The document is {"reports": [{"label", "report"}…], "comparison", "capacity", "command", "version"};
/// docs/load-testing.md says what each is. `reports` may be empty, and comparison and capacity null. What it says is
/// taken for hostile: names and texts become text of the page, whatever they are.
std::string html_report(const boost::json::object& document);

}  // namespace weir::load
