#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "server/observe/session_record.hpp"

/// What several answers are made of.
namespace weir::admin {

/// The causes that have ended anything: `{"client_closed": 80}`.
boost::json::object ends_json(const std::array<std::uint64_t, kSessionEnds>& ended);

/// The counts that are not zero.
boost::json::object counts_json(const std::map<std::string, std::uint64_t>& counts);

/// `540.25`
inline double seconds_of(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

/// The text, or null where it is empty.
boost::json::value text_or_null(const std::string& text);

template <typename Value>
boost::json::value value_or_null(const std::optional<Value>& value) {
  return value ? boost::json::value(*value) : boost::json::value();
}

}  // namespace weir::admin
