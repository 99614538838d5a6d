#pragma once

#include "common/endpoint.hpp"

namespace weir::io {

/// Whether a socket that has just been connected to `target` found nobody but itself: ECONNREFUSED then, 0 otherwise.
/// Its next close sends a RST then, so that no TIME_WAIT keeps the port from the server that it belongs to.
///
/// Where nobody listens at a local address and the port is one of those that the kernel takes for outgoing connections
/// (net.ipv4.ip_local_port_range), it takes that very port sooner or later; the SYN then meets its own socket, which
/// is a simultaneous open (RFC 9293, 3.5) and succeeds. Costs one getsockname(2) for an internet socket. Any thread.
int refuse_self_connect(int fd, const Endpoint& target);

}  // namespace weir::io
