#include "server/upgrade/drained.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "server/upgrade/channel.hpp"

namespace weir::upgrade {

namespace {

template <typename Take>
void each_of(const boost::json::object& message, const char* list, Take take) {
  const boost::json::value* const found = message.if_contains(list);
  if (found == nullptr || !found->is_array()) return;
  for (const boost::json::value& item : found->get_array()) take(item);
}

std::string text_of(const boost::json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

}  // namespace

boost::json::object make_drained_message(const Drained& drained) {
  boost::json::object message = make_step("drained");
  boost::json::array backends;
  for (const auto& [upstream, address] : drained.backends) backends.push_back(boost::json::array{upstream, address});
  message["listeners"] = boost::json::array(drained.listeners.begin(), drained.listeners.end());
  message["backends"] = std::move(backends);
  return message;
}

Drained drained_of(const boost::json::object& message) {
  Drained drained;
  each_of(message, "listeners", [&](const boost::json::value& name) { drained.listeners.insert(text_of(name)); });
  each_of(message, "backends", [&](const boost::json::value& pair) {
    if (!pair.is_array() || pair.get_array().size() != 2) return;
    drained.backends.emplace(text_of(pair.get_array()[0]), text_of(pair.get_array()[1]));
  });
  return drained;
}

}  // namespace weir::upgrade
