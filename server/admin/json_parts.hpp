#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "server/observe/session_record.hpp"

/// What several answers are made of.
namespace weir::admin {

/// The causes that have ended anything: `{"client_closed": 80}`.
boost::json::object ends_json(const std::array<std::uint64_t, kSessionEnds>& ended);

/// The text, or null where it is empty.
boost::json::value text_or_null(const std::string& text);

template <typename Value>
boost::json::value value_or_null(const std::optional<Value>& value) {
  return value ? boost::json::value(*value) : boost::json::value();
}

}  // namespace weir::admin
