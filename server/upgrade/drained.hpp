#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::upgrade {

/// What operators have drained, which stays so when another process takes a daemon's place. A value.
struct Drained {
  std::set<std::string> listeners{};
  std::set<std::pair<std::string, std::string>> backends{};  ///< upstream, and address as the API names it

  bool operator==(const Drained&) const = default;
};

/// The messages of a channel that say so, each of which names so many at most.
std::vector<boost::json::object> make_drained_messages(const Drained& drained, std::size_t most);
/// Adds what such a message says; passes over what it does not understand.
void take_drained(const boost::json::object& message, Drained& drained);

}  // namespace weir::upgrade
