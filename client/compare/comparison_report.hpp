#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/compare/comparison.hpp"

namespace weir::load {

/// The comparison for people: a table of at most 80 columns, the sentence and what it rests on.
std::string comparison_text(const Comparison& comparison);

/// The comparison for machines (docs/load-testing.md).
boost::json::object comparison_json(const Comparison& comparison);

}  // namespace weir::load
