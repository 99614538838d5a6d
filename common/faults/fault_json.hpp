#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "common/faults/fault.hpp"

namespace weir::faults {

/// A fault with the keys that configurations have for it: `{"name": "slow", "direction": "downstream", "percent": 20,
/// "key": "connection", "sources": [], "for": "10m", "latency": {"delay": "50ms", …}}`. Times and rates are text,
/// sizes are numbers of bytes. `for` is left out where there is none, as is what a reset or an end does not wait for.
boost::json::object to_json(const Fault& fault);

/// Reads that back. Sizes may be text with a unit as well, and rates numbers of bytes a second; what is left out has
/// its default. A name and one kind are needed. Throws std::invalid_argument whose text names the key, and says what
/// would be right.
Fault from_json(const boost::json::value& value);

}  // namespace weir::faults
