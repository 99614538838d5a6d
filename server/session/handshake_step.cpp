#include "server/session/handshake_step.hpp"

namespace weir {

HandshakeStep::HandshakeStep(Session& session, tls::Stream& stream) : slot_(*session.slot), stream_(stream) {
  TlsResources& lent = session.context->resources.tls;
  if (!session.context->resources.established.any(session.now()) || !lent.side_thread.start()) {
    slot_.ask_for_heavy_turn();
  } else if (stream_.begin_step()) {
    work_.emplace(lent.side_thread, slot_, [&stream] { stream.run_step(); });
  } else {
    result_ = tls::Stream::Handshake::failed;
  }
}

bool HandshakeStep::taken() {
  if (result_) return true;
  if (!work_) {
    if (!slot_.take_heavy_turn()) return false;
    result_ = stream_.handshake();
    return true;
  }
  if (!work_->done()) return false;
  work_->rethrow();
  work_.reset();
  result_ = stream_.end_step();
  return true;
}

}  // namespace weir
