#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/listener/listening_socket.hpp"
#include "server/session/listener.hpp"

namespace weir {

/// A listener with the sockets on which it listens. Its connections may outlive the sockets.
struct OpenListener {
  ListenerPtr listener;
  std::vector<ListeningSocket> sockets;
};

/// By name.
using OpenListeners = std::map<std::string, OpenListener>;

}  // namespace weir
