#pragma once

#include <boost/json/object.hpp>
#include <set>
#include <string>
#include <utility>

namespace weir::upgrade {

/// What operators have drained, which stays so when another process takes a daemon's place. A value.
struct Drained {
  std::set<std::string> listeners{};
  std::set<std::pair<std::string, std::string>> backends{};  ///< upstream, and address as the API names it

  bool operator==(const Drained&) const = default;
};

/// The message of a channel that says so.
boost::json::object make_drained_message(const Drained& drained);
/// What such a message says; passes over what it does not understand.
Drained drained_of(const boost::json::object& message);

}  // namespace weir::upgrade
