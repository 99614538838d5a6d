#pragma once

#include <exception>
#include <string>
#include <utility>
#include <variant>

#include "server/config/config_loader.hpp"
#include "server/session/listener_context.hpp"
#include "server/session/session.hpp"
#include "tests/support/peer.hpp"

namespace weir::test {

/// An echo or discard listener as a worker's sessions know it, without the worker: the test runs the loop, on its own
/// thread, and spawns what shares it. For programs that link the server.
class BareListener {
 public:
  explicit BareListener(const std::string& config)
      : config_(load_config_text(config, "test")),
        access_log_(config_.access_log, 1),
        context_(new ListenerContext(
            {loop_, pipes_, access_log_.queue(0), admission_, spare_, refusals_, config_.relay.splice, tls_,
             established_},
            std::make_shared<Listener>(config_.listeners[0], service(), admission_, sources_, 1), 0)) {}

  io::EventLoop& loop() { return loop_; }
  const ListenerContextPtr& context() const { return context_; }
  std::uint64_t ended(SessionEnd end) const { return context_->listener->ended(end); }
  /// How many records were lost; all others are in the file.
  std::uint64_t close_log() { return access_log_.close(); }

  /// Has the loop run the coroutine. run() ends with the last of them.
  void spawn(net::awaitable<void> coroutine) {
    ++running_;
    loop_.spawn(std::move(coroutine), [this](std::exception_ptr failure) {
      if (failure) failure_ = failure;
      if (--running_ == 0) loop_.stop();
    });
  }
  /// Throws what one of them threw.
  void run() {
    loop_.run();
    if (failure_) std::rethrow_exception(failure_);
  }

  /// What a session starts with whose client is the far end of `accepted`.
  SessionStart start(io::Descriptor accepted) {
    const ClientAddress client(remote_endpoint(accepted.get()));
    return {context_, loop_.acquire(static_cast<std::uint8_t>(SlotKind::session)), {std::move(accepted), client}};
  }

 private:
  Service service() const {
    if (std::holds_alternative<DiscardConfig>(config_.listeners[0].service)) return DiscardService{};
    return EchoService{EchoConfig::Transform::none};
  }

  ServerConfig config_;
  Admission admission_{ProcessLimits{1000}};
  SourceTable sources_{0, {}};
  io::SpareDescriptor spare_;
  LogLimiter refusals_;
  AccessLog access_log_;
  io::PipePool pipes_{0, spare_};
  TlsResources tls_{tls::Buffers(), HandshakePlaces(0), io::SideThread(loop_, "side")};
  Established established_;
  io::EventLoop loop_;
  ListenerContextPtr context_;
  std::size_t running_ = 0;
  std::exception_ptr failure_;
};

}  // namespace weir::test
