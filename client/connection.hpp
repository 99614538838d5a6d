#pragma once

#include <cstdint>
#include <functional>

#include "client/measure/failure.hpp"
#include "client/tls/transport.hpp"
#include "client/worker_context.hpp"

namespace weir::load {

/// How long a connect under way may go on when the run ends.
enum class Patience : std::uint8_t {
  running,  ///< no longer than the load: there would be nothing to do for the connection
  drain,    ///< through the drain, because it is itself what is measured
};

/// Opens one of a worker's connections within the run's timeout, sends a PROXY header where the run wants one, makes
/// the handshake where it speaks TLS, for which there is as much time again, and records how long each of them took.
/// Afterwards the transport is valid, or the failure says why not, or the run ended in the meantime (`none`).
net::awaitable<Failure> open_connection(WorkerContext& worker, io::Slot& slot, Transport& transport,
                                        std::uint32_t index, Patience patience = Patience::running);

/// Opens a connection anew, again and again until it stands or the run ends, with pauses that grow from 100 ms to 1 s.
/// `unlucky` is how often it has failed in a row without a reply; when it is 0, the first attempt is made at once. Each
/// failed attempt is counted, and `goes_on` is asked whether there is something left to do.
net::awaitable<void> reopen_connection(WorkerContext& worker, io::Slot& slot, Transport& transport, std::uint32_t index,
                                       unsigned unlucky, const std::function<bool()>& goes_on);

/// Suspends for a pause, or until the run ends. 100 ms for the first in a row, doubled up to 1 s.
net::awaitable<void> pause_after_failure(WorkerContext& worker, io::Slot& slot, unsigned in_a_row);

}  // namespace weir::load
