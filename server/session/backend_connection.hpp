#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/io/stream.hpp"
#include "common/tls/stream.hpp"
#include "server/upstream/cut_watch.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// What a session holds of the backend that it is connected to, and what its record says of those that it tried.
/// Members are destroyed from the bottom up: the place on the backend is free once its socket is closed.
struct BackendConnection {
  Lease lease;
  std::unique_ptr<CutWatch> watch;  ///< if the session is to be cut when the backend goes down
  io::Stream stream;
  std::unique_ptr<tls::Stream> tls;         ///< over `stream`, if the backend is spoken to in TLS
  std::shared_ptr<const std::string> name;  ///< of the last backend tried; null if none was
  std::optional<std::chrono::duration<std::uint32_t, std::micro>> connect_time;
  std::uint32_t attempts = 0;
  std::uint32_t cuts = 0;  ///< the backend's count when the place was taken
  /// Bytes that the client sent and that are lost, because it left before there was a backend.
  std::uint64_t lost_before = 0;

  std::size_t kept_records() const { return tls ? tls->kept() : 0; }
  std::uint64_t moved_records() const { return tls ? tls->sent() + tls->received() : 0; }
  std::size_t unread() const { return tls ? tls->unread() : stream.unread(); }
  std::size_t unacknowledged() const { return tls ? tls->unacknowledged() : stream.unacknowledged(); }

  /// The backend went down, and its connections are to be cut.
  bool was_cut() const { return lease->cuts() != cuts; }
};

}  // namespace weir
