#include "server/upgrade/sockets_message.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "server/upgrade/channel.hpp"

namespace weir::upgrade {

namespace {

using Owner = InheritedGroup::Owner;

const char* to_text(Owner owner) {
  switch (owner) {
    case Owner::listener:
      return "listener";
    case Owner::admin:
      return "admin";
    case Owner::service_manager:
      break;
  }
  return "service_manager";
}

Owner owner_of(const std::string& text) {
  if (text == "admin") return Owner::admin;
  return text == "service_manager" ? Owner::service_manager : Owner::listener;
}

}  // namespace

std::vector<SocketsMessage> make_sockets_messages(const InheritedSockets& sockets, std::size_t most) {
  std::vector<SocketsMessage> messages;
  boost::json::array parts;
  std::vector<int> descriptors;
  const auto finish = [&](bool last) {
    boost::json::object text = make_step("sockets");
    text["groups"] = std::exchange(parts, {});
    text["last"] = last;
    messages.push_back({std::move(text), std::exchange(descriptors, {})});
  };
  for (std::size_t place = 0; place < sockets.groups().size(); ++place) {
    const InheritedGroup& group = sockets.groups()[place];
    for (std::size_t next = 0; next < group.sockets.size();) {
      if (descriptors.size() == most) finish(false);
      const std::size_t count = std::min(group.sockets.size() - next, most - descriptors.size());
      parts.push_back({{"place", place},
                       {"owner", to_text(group.owner)},
                       {"name", group.name},
                       {"index", group.index},
                       {"any_port", group.any_port},
                       {"count", count}});
      for (const std::size_t end = next + count; next < end; ++next) descriptors.push_back(group.sockets[next].get());
    }
  }
  finish(true);
  return messages;
}

bool take_sockets(const boost::json::object& message, std::vector<io::Descriptor> descriptors,
                  InheritedSockets& sockets) try {
  std::size_t taken = 0;
  for (const boost::json::value& value : message.at("groups").as_array()) {
    const boost::json::object& part = value.as_object();
    InheritedGroup group{owner_of(boost::json::value_to<std::string>(part.at("owner"))),
                         boost::json::value_to<std::string>(part.at("name")),
                         part.at("index").to_number<std::size_t>(),
                         part.at("any_port").as_bool(),
                         {}};
    const auto count = part.at("count").to_number<std::size_t>();
    if (count > descriptors.size() - taken) throw std::runtime_error("too few listening sockets were passed on");
    for (const std::size_t end = taken + count; taken < end; ++taken) {
      group.sockets.push_back(std::move(descriptors[taken]));
    }
    sockets.receive(part.at("place").to_number<std::size_t>(), std::move(group));
  }
  return message.at("last").as_bool();
} catch (const boost::system::system_error&) {
  throw std::runtime_error(
      "the listening sockets that were passed on are described in a way that cannot be understood");
} catch (const std::logic_error&) {
  throw std::runtime_error(
      "the listening sockets that were passed on are described in a way that cannot be understood");
}

}  // namespace weir::upgrade
