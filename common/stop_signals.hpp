#pragma once

/// The signals that steer the daemon, where its threads must not be interrupted or killed by them.
namespace weir {

/// Keeps SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 from the calling thread. One that no thread takes stays pending.
void hold_signals();

/// Whether a SIGTERM or SIGINT is pending because all threads hold it. Any thread that holds them.
bool stop_signal_pending();

}  // namespace weir
