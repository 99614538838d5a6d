#pragma once

#include <chrono>
#include <optional>

#include "client/tls/tls_options.hpp"
#include "common/endpoint.hpp"

namespace weir::load {

/// A person's side of a conversation: what comes on stdin is sent, what the peer sends is written to stdout. When
/// stdin ends, it sends a FIN and waits for the rest of the replies; the peer's FIN ends it. Works with a pipe and a
/// file; on a terminal, lines can be edited and called up again. Returns the exit status: 0, or 1 with the reason on
/// stderr. Throws std::runtime_error where a file of TLS cannot be used.
int chat(const Address& target, std::chrono::microseconds timeout, const std::optional<TlsOptions>& tls);

}  // namespace weir::load
