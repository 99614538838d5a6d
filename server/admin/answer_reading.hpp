#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Reads what the endpoint answered. A key that is missing, because the daemon is of another version, reads as nothing.
namespace weir::admin {

/// 0 where there is no number.
double number_of(const boost::json::value& object, std::string_view key);
/// Nothing where it is null.
std::optional<double> optional_number(const boost::json::value& object, std::string_view key);
bool flag_of(const boost::json::value& object, std::string_view key);
/// Fit for a terminal; empty where it is null.
std::string text_of(const boost::json::value& object, std::string_view key);
/// Empty where there is none.
const boost::json::array& list_of(const boost::json::value& object, std::string_view key);
/// A null where there is none.
const boost::json::value& member_of(const boost::json::value& object, std::string_view key);
/// What an object maps to numbers, `{"ECONNREFUSED": 2}`; empty where there is none.
const boost::json::object& map_of(const boost::json::value& object, std::string_view key);

/// From one time of the API to another, RFC 3339 in UTC; nothing where one of them is none, and never negative.
std::optional<std::chrono::milliseconds> time_between(std::string_view from, std::string_view to);

}  // namespace weir::admin
