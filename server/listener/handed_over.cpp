#include "server/listener/handed_over.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/endpoint.hpp"

namespace weir {

namespace {

/// What kind of socket it is instead, for people; nothing where it can be accepted from.
std::string fault_of(int fd) {
  const auto option = [fd](int name) {
    int value = -1;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
  };
  const int type = option(SO_TYPE);
  if (type < 0) return "is no socket";
  if (type == SOCK_DGRAM) return "is a datagram socket; its unit needs ListenStream= instead of ListenDatagram=";
  const Endpoint endpoint = local_endpoint(fd);
  if (type != SOCK_STREAM || (!endpoint.is_inet() && !endpoint.is_unix())) {
    return "is neither a TCP nor a unix stream socket; its unit needs ListenStream=";
  }
  if (option(SO_ACCEPTCONN) != 1) return "does not listen; its unit needs Accept=no";
  return "";
}

}  // namespace

HandedOverSockets::HandedOverSockets(std::vector<HandedOverSocket> sockets) {
  for (HandedOverSocket& socket : sockets) {
    sockets_.push_back(std::make_shared<const HandedOverSocket>(std::move(socket)));
  }
}

std::vector<std::shared_ptr<const HandedOverSocket>> HandedOverSockets::named(const std::string& name) const {
  std::vector<std::shared_ptr<const HandedOverSocket>> found;
  for (const auto& socket : sockets_) {
    if (socket->name != name) continue;
    if (const std::string fault = fault_of(socket->descriptor.get()); !fault.empty()) {
      throw std::runtime_error(fmt::format("the socket {} that was handed over {}", name, fault));
    }
    found.push_back(socket);
  }
  if (!found.empty()) return found;
  std::string others;
  for (const std::string& other : names()) {
    if (!others.empty()) others += ", ";
    others += other;
  }
  throw std::runtime_error("no socket called " + name + " was handed over; " +
                           (others.empty()
                                ? "none was: start the daemon through a socket unit with FileDescriptorName=" + name
                                : "handed over: " + others));
}

std::vector<std::string> HandedOverSockets::names() const {
  std::vector<std::string> names;
  for (const auto& socket : sockets_) {
    if (std::find(names.begin(), names.end(), socket->name) == names.end()) names.push_back(socket->name);
  }
  return names;
}

}  // namespace weir
