#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/experiment/capacity.hpp"

namespace weir::load {

/// What was found for people: the answer, and the curve of latency over load.
std::string capacity_text(const Capacity& capacity);

/// The same for machines (docs/load-testing.md).
boost::json::object capacity_json(const Capacity& capacity);

}  // namespace weir::load
