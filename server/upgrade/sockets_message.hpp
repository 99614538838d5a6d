#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <vector>

#include "server/listener/inherited_sockets.hpp"

namespace weir::upgrade {

/// A message of a channel that passes listening sockets on, with the descriptors that go with it.
struct SocketsMessage {
  boost::json::object text;
  std::vector<int> descriptors;  ///< borrowed
};

/// All sockets, in messages that take so many descriptors at most. The last one says that it is. The sockets must
/// outlive them.
std::vector<SocketsMessage> make_sockets_messages(const InheritedSockets& sockets, std::size_t most);

/// Adds what came with a message. True for the last one. Throws std::runtime_error where the two do not fit each other.
bool take_sockets(const boost::json::object& message, std::vector<io::Descriptor> descriptors,
                  InheritedSockets& sockets);

}  // namespace weir::upgrade
