#pragma once

#include <functional>

#include "common/io/stream_socket.hpp"
#include "common/logging.hpp"
#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Where an accepted connection goes: to a session on this worker, or over to another one. Throws std::bad_alloc where
/// there is no memory to pass it on with; it has reset it then.
using Deliver = std::function<void(Arrival)>;

/// What an acceptor works with. Outlives it.
struct AcceptorContext {
  const ListenerContextPtr listener;
  const std::uint16_t port_offset;  ///< of its socket's port in the listener's range
  const Deliver deliver;
};

/// Accepts from a listening socket, in batches of at most 32 a turn, until it is interrupted; whoever is queued by then
/// is still accepted, or refused with a record where there is no descriptor, within five seconds. Never waits for what
/// becomes of a connection. When descriptors or memory run out it refuses newcomers with a RST and a record each, says
/// so once a second at most, pauses for 100 ms where a whole batch was refused or not even the spare descriptor was to
/// be had, and goes on.
net::awaitable<void> run_acceptor(AcceptorContext& context, int listening);

}  // namespace weir
