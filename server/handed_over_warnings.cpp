#include "server/handed_over_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

namespace {

std::vector<std::string> names_in(const ServerConfig& config) {
  std::vector<std::string> names;
  const auto look_at = [&](const Address& bind) {
    if (bind.is_descriptor()) names.push_back(bind.host);
  };
  for (const ListenerConfig& listener : config.listeners)
    std::for_each(listener.bind.begin(), listener.bind.end(), look_at);
  if (config.admin) look_at(config.admin->bind);
  return names;
}

}  // namespace

std::vector<std::string> unchecked_socket_warnings(const ServerConfig& config) {
  std::vector<std::string> warnings;
  for (const std::string& name : names_in(config)) {
    warnings.push_back("fd:" + name +
                       " is handed over by the service manager when the daemon starts; whether it is there cannot be "
                       "checked before");
  }
  return warnings;
}

std::vector<std::string> unused_socket_warnings(const ServerConfig& config, const HandedOverSockets& handed_over) {
  const std::vector<std::string> used = names_in(config);
  std::vector<std::string> warnings;
  for (const std::string& name : handed_over.names()) {
    if (std::find(used.begin(), used.end(), name) != used.end()) continue;
    warnings.push_back(fmt::format(
        "the socket {0} was handed over, but nothing accepts from it, so its clients wait; bind fd:{0}, or stop its "
        "socket unit",
        name));
  }
  return warnings;
}

}  // namespace weir
