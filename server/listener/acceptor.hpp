#pragma once

#include <functional>

#include "common/io/stream_socket.hpp"
#include "common/logging.hpp"
#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Passes an accepted connection on, to a session on this worker or to another worker. Throws std::bad_alloc if there
/// is no memory for that, after resetting the connection.
using Deliver = std::function<void(const ListenerContextPtr&, Arrival)>;

/// What an acceptor works with. Outlives it.
struct AcceptorContext {
  const int listening;
  const Deliver deliver;
  ListenerContextPtr listener;    ///< whose connections they are; may change between two turns
  std::uint16_t port_offset = 0;  ///< place of its socket's port in the listener's range
  io::Slot* slot = nullptr;       ///< where it waits, while it runs
};

/// Accepts from the context's listening socket, in batches of at most 32 per turn, until it is interrupted. Connections
/// that are queued by then are still accepted, or refused with a record if there is no descriptor, within five seconds;
/// those of a socket that was handed over, or on, stay queued.
/// Never waits for what becomes of a connection. When descriptors or memory run out, it refuses each newcomer with a
/// RST and a record, and logs that at most once a second. If a whole batch was refused, or not even the spare
/// descriptor was available, it pauses for 100 ms. Then it goes on.
net::awaitable<void> run_acceptor(AcceptorContext& context);

}  // namespace weir
