#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"
#include "server/listener/handed_over.hpp"

namespace weir {

/// Listening sockets on one endpoint that belong together, and whose they are.
struct InheritedGroup {
  enum class Owner : std::uint8_t { listener, admin, service_manager };

  Owner owner = Owner::listener;
  std::string name{};     ///< the listener's, the service manager's, or an endpoint's: empty for that of operators
  std::size_t index = 0;  ///< among its owner's
  bool any_port = false;  ///< port 0 was asked for
  std::vector<io::Descriptor> sockets{};
};

/// The listening sockets that one process passes on to another, with whoever is queued on them. Each has both processes
/// for owners as long as both hold it: what the one leaves in the queue the other accepts. A listener finds its own by
/// where they listen. A value that can only be moved. One thread at a time.
class InheritedSockets {
 public:
  /// Copies of these descriptors. Throws std::system_error if there are no more.
  void add(InheritedGroup::Owner owner, const std::string& name, std::size_t index, bool any_port,
           const std::vector<int>& descriptors);
  /// Adds to the group at that place, which the first call makes.
  void receive(std::size_t place, InheritedGroup part);

  /// The group that listens at that endpoint, with that view of IPv6's two families; for port 0 the one that the
  /// listener of that name had for it. Empty if there is none, or it was taken before.
  std::vector<io::Descriptor> take(const Endpoint& endpoint, bool dual_stack, const std::string& listener);
  /// The same for an endpoint: that of operators, or the one of that name.
  std::vector<io::Descriptor> take_admin(const Endpoint& endpoint, bool dual_stack, const std::string& name = "");
  /// Those that a service manager had handed over, with their names.
  std::vector<HandedOverSocket> take_service_managers();

  /// Whether one of those not taken listens on that port.
  bool occupies(std::uint16_t port) const;
  /// The places of the groups that nobody took.
  std::vector<std::size_t> left() const;
  /// Closes the groups at these places.
  void close(const std::vector<std::size_t>& places);

  const std::vector<InheritedGroup>& groups() const { return groups_; }
  bool empty() const { return groups_.empty(); }

 private:
  std::vector<io::Descriptor> take(InheritedGroup::Owner owner, const Endpoint& endpoint, bool dual_stack,
                                   const std::string& name);

  std::vector<InheritedGroup> groups_;
};

}  // namespace weir
