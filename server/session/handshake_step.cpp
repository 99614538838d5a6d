#include "server/session/handshake_step.hpp"

#include <utility>

namespace weir {

namespace {

struct Step : io::SideThread::Task {
  void run() override { stream->run_step(); }

  std::unique_ptr<tls::Stream> stream;
};

/// Whether the worker's side thread is to take the step. Starts it where it does not run yet.
bool side_thread_takes_it(Session& session) {
  const WorkerResources& lent = session.context->resources;
  if (lent.tls.side_thread.start()) return !lent.tls.side_thread.is_starved();
  if (const std::uint64_t times = lent.refusals.admit(session.now()); times > 0) {
    spdlog::warn(
        "listener {}: there is no thread or no descriptor for TLS handshakes, so they hold up other connections; raise "
        "TasksMax=, ulimit -u or ulimit -n{}",
        *session.context->name, times_since_last_said(times));
  }
  return false;
}

}  // namespace

HandshakeStep::HandshakeStep(Session& session, std::unique_ptr<tls::Stream>& stream)
    : slot_(*session.slot), stream_(stream) {
  const bool others_established = session.context->resources.established.any(session.now());
  if (!others_established || !side_thread_takes_it(session)) {
    slot_.ask_for_heavy_turn(others_established ? io::HeavyTurn::alone : io::HeavyTurn::shared);
  } else if (stream_->begin_step()) {
    auto step = std::make_unique<Step>();
    step->stream = std::move(stream_);
    work_.emplace(session.context->resources.tls.side_thread, slot_, std::move(step));
  } else {
    result_ = tls::Stream::Handshake::failed;
  }
}

bool HandshakeStep::taken() {
  if (result_) return true;
  if (!work_) {
    if (!slot_.take_heavy_turn()) return false;
    result_ = stream_->handshake();
    return true;
  }
  if (!work_->done()) return false;
  stream_ = std::move(static_cast<Step&>(*work_->take()).stream);
  work_.reset();
  result_ = stream_->end_step();
  return true;
}

}  // namespace weir
