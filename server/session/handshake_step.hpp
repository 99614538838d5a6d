#pragma once

#include <memory>
#include <optional>

#include "common/io/side_thread.hpp"
#include "common/tls/stream.hpp"
#include "server/session/session.hpp"

namespace weir {

/// One step of a handshake, as costly as a signature, taken so that it does not hurt whoever is established meanwhile:
/// on the worker's side thread, or in a turn of heavy work of its own where that thread is starved or missing. Where
/// nobody is established, the worker has nothing to hand over, and takes several such steps in a turn. The worker's
/// thread only.
class HandshakeStep {
 public:
  /// A step for the side thread takes the stream, and gives it back once taken() is true; if this goes before, so does
  /// the stream. Throws std::bad_alloc.
  HandshakeStep(Session& session, std::unique_ptr<tls::Stream>& stream);
  HandshakeStep(const HandshakeStep&) = delete;
  HandshakeStep& operator=(const HandshakeStep&) = delete;
  ~HandshakeStep() = default;

  /// Whether it has been taken. If not, the session's slot is woken for the next look. Throws std::bad_alloc.
  bool taken();
  /// What it came to, once taken() is true.
  tls::Stream::Handshake result() const { return *result_; }

 private:
  io::Slot& slot_;
  std::unique_ptr<tls::Stream>& stream_;
  std::optional<io::SideThread::Work> work_;
  std::optional<tls::Stream::Handshake> result_;
};

}  // namespace weir
