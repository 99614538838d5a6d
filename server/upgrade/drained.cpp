#include "server/upgrade/drained.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <utility>

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

std::vector<boost::json::object> make_drained_messages(const Drained& drained, std::size_t most) {
  std::vector<boost::json::object> messages;
  boost::json::array listeners;
  boost::json::array backends;
  const auto finish = [&] {
    boost::json::object message = make_step("drained");
    message["listeners"] = std::exchange(listeners, {});
    message["backends"] = std::exchange(backends, {});
    messages.push_back(std::move(message));
  };
  const auto make_room = [&] {
    if (listeners.size() + backends.size() == most) finish();
  };
  for (const std::string& name : drained.listeners) {
    make_room();
    listeners.emplace_back(name);
  }
  for (const auto& [upstream, address] : drained.backends) {
    make_room();
    backends.push_back(boost::json::array{upstream, address});
  }
  finish();
  return messages;
}

void take_drained(const boost::json::object& message, Drained& drained) {
  each_of(message, "listeners", [&](const boost::json::value& name) { drained.listeners.insert(text_of(name)); });
  each_of(message, "backends", [&](const boost::json::value& pair) {
    if (!pair.is_array() || pair.get_array().size() != 2) return;
    drained.backends.emplace(text_of(pair.get_array()[0]), text_of(pair.get_array()[1]));
  });
}

}  // namespace weir::upgrade
