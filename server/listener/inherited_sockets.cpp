#include "server/listener/inherited_sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace weir {

namespace {

io::Descriptor copy_of(int descriptor) {
  io::Descriptor copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!copy) throw std::system_error(errno, std::generic_category(), "cannot pass the listening sockets on");
  return copy;
}

bool is_dual_stack(const Endpoint& endpoint, int descriptor) {
  int v6_only = 1;
  socklen_t length = sizeof v6_only;
  return endpoint.family() == AF_INET6 && ::getsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &length) == 0 &&
         v6_only == 0;
}

}  // namespace

void InheritedSockets::add(InheritedGroup::Owner owner, const std::string& name, std::size_t index, bool any_port,
                           const std::vector<int>& descriptors) {
  InheritedGroup group{owner, name, index, any_port, {}};
  for (const int descriptor : descriptors) group.sockets.push_back(copy_of(descriptor));
  groups_.push_back(std::move(group));
}

void InheritedSockets::receive(std::size_t place, InheritedGroup part) {
  if (place > groups_.size()) throw std::runtime_error("a listening socket is missing among those passed on");
  if (place == groups_.size()) {
    groups_.push_back(std::move(part));
    return;
  }
  for (io::Descriptor& socket : part.sockets) groups_[place].sockets.push_back(std::move(socket));
}

std::vector<io::Descriptor> InheritedSockets::take(InheritedGroup::Owner owner, const Endpoint& endpoint,
                                                   bool dual_stack, const std::string& name) {
  const bool any_port = endpoint.is_inet() && endpoint.port() == 0;
  for (InheritedGroup& group : groups_) {
    if (group.owner == InheritedGroup::Owner::service_manager || group.sockets.empty()) continue;
    // The admin endpoint accepts from one socket alone.
    if (owner == InheritedGroup::Owner::admin && group.sockets.size() > 1) continue;
    if (any_port && (!group.any_port || group.owner != owner || group.name != name)) continue;
    Endpoint bound = local_endpoint(group.sockets.front().get());
    if (bound.family() != endpoint.family()) continue;
    if (bound.family() == AF_INET6 && is_dual_stack(bound, group.sockets.front().get()) != dual_stack) continue;
    if (any_port) bound.set_port(0);
    if (bound == endpoint) return std::exchange(group.sockets, {});
  }
  return {};
}

std::vector<io::Descriptor> InheritedSockets::take(const Endpoint& endpoint, bool dual_stack,
                                                   const std::string& listener) {
  return take(InheritedGroup::Owner::listener, endpoint, dual_stack, listener);
}

std::vector<io::Descriptor> InheritedSockets::take_admin(const Endpoint& endpoint, bool dual_stack,
                                                         const std::string& name) {
  return take(InheritedGroup::Owner::admin, endpoint, dual_stack, name);
}

std::vector<HandedOverSocket> InheritedSockets::take_service_managers() {
  std::vector<HandedOverSocket> taken;
  for (InheritedGroup& group : groups_) {
    if (group.owner != InheritedGroup::Owner::service_manager) continue;
    for (io::Descriptor& socket : group.sockets) taken.push_back({group.name, std::move(socket)});
    group.sockets.clear();
  }
  return taken;
}

bool InheritedSockets::occupies(std::uint16_t port) const {
  for (const InheritedGroup& group : groups_) {
    if (group.sockets.empty()) continue;
    const Endpoint bound = local_endpoint(group.sockets.front().get());
    if (bound.is_inet() && bound.port() == port) return true;
  }
  return false;
}

std::vector<std::size_t> InheritedSockets::left() const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (!groups_[i].sockets.empty()) places.push_back(i);
  }
  return places;
}

void InheritedSockets::close(const std::vector<std::size_t>& places) {
  for (const std::size_t place : places) {
    if (place < groups_.size()) groups_[place].sockets.clear();
  }
}

}  // namespace weir
