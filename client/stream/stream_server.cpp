#include "client/stream/stream_server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "client/die.hpp"
#include "client/listening_socket.hpp"
#include "client/resources.hpp"
#include "client/stop_signals.hpp"
#include "client/stream/serve_session.hpp"
#include "common/io/stream.hpp"
#include "common/io/stream_socket.hpp"

namespace weir::load {

namespace {

using Clock = io::Clock;

/// How many clients there may be at once: they are bounded by descriptors as well.
constexpr std::uint32_t kMostSessions = 65'536;
/// How long accepting pauses when there is no descriptor left.
constexpr std::chrono::milliseconds kPause{100};
/// How long sessions may take to end after a signal.
constexpr std::chrono::seconds kStop{5};

class StreamServer {
 public:
  explicit StreamServer(const StreamServeOptions& options) : options_(options) {}

  int run();

 private:
  net::awaitable<void> accept_from(const ListeningSocket& socket);
  /// Of the first thread: the next one in turn gets it.
  void hand_over(io::Descriptor socket, const Endpoint& peer);

  const StreamServeOptions& options_;
  const StopSignals signals_;
  std::vector<std::unique_ptr<ListeningSocket>> sockets_;
  std::size_t next_ = 0;
  std::vector<std::unique_ptr<ServeContext>> contexts_;
  std::vector<std::thread> threads_;
};

int StreamServer::run() {
  raise_descriptor_limit();
  for (const Endpoint& endpoint : resolve(options_.bind, AddressUse::bind)) {
    sockets_.push_back(std::make_unique<ListeningSocket>(options_.bind, endpoint));
  }
  for (unsigned i = 0; i < options_.threads; ++i) {
    contexts_.push_back(std::make_unique<ServeContext>());
    contexts_.back()->timeout = options_.timeout;
  }
  for (auto& context : contexts_) {
    threads_.emplace_back([this, &context] {
      context->loop.spawn(context->pacer.run(ServeContext::kSlotKind), die);
      if (context == contexts_.front()) {
        for (const auto& socket : sockets_) context->loop.spawn(accept_from(*socket), die);
      }
      context->loop.run();
    });
  }
  for (const auto& socket : sockets_) {
    std::fprintf(stderr, "weir-load stream: listening on %s\n", socket->endpoint().to_string().c_str());
  }
  for (bool stopping = false; !stopping;) {
    pollfd waiting{signals_.fd(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    stopping = signals_.take() != 0;
  }
  for (auto& context : contexts_) {
    context->loop.post([&context] {
      context->stopping = true;
      context->loop.wake_all(ServeContext::kSlotKind);
    });
  }
  const auto sessions = [this] {
    std::uint32_t sum = 0;
    for (const auto& context : contexts_) sum += context->sessions;
    return sum;
  };
  for (const Clock::time_point until = Clock::now() + kStop; sessions() != 0 && Clock::now() < until;) {
    ::poll(nullptr, 0, 5);
  }
  for (auto& context : contexts_) context->loop.stop();
  for (std::thread& thread : threads_) thread.join();
  bool wrong = false;
  for (const auto& context : contexts_) wrong = wrong || context->wrong;
  return wrong ? 4 : 0;
}

net::awaitable<void> StreamServer::accept_from(const ListeningSocket& socket) {
  ServeContext& own = *contexts_.front();
  const io::SlotPtr slot = own.loop.acquire(ServeContext::kSlotKind);
  if (!slot->watch(io::Side::first, socket.fd())) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  while (!own.stopping) {
    Endpoint peer;
    socklen_t length = Endpoint::capacity();
    io::Descriptor accepted(::accept4(socket.fd(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) {
      peer.resize(length);
      hand_over(std::move(accepted), peer);
      co_await slot->yield();
    } else if (io::is_exhaustion(errno)) {
      // What waits in the queue gives no second edge.
      slot->set_deadline(Clock::now() + kPause);
      co_await slot->wait();
    } else if (errno == EAGAIN) {
      co_await slot->wait();
    }
  }
}

void StreamServer::hand_over(io::Descriptor socket, const Endpoint& peer) {
  ServeContext& context = *contexts_[next_++ % contexts_.size()];
  if (context.sessions >= kMostSessions / contexts_.size()) {
    io::set_reset_on_close(socket.get());
    return;
  }
  ++context.sessions;
  // Posted functions are copied; a descriptor is not.
  const auto shared = std::make_shared<io::Descriptor>(std::move(socket));
  context.loop.post([&context, shared, peer] {
    const auto serve = [](ServeContext& where, io::Descriptor client, Endpoint whose) -> net::awaitable<void> {
      ServeSession session(where, std::move(client), whose);
      co_await session.run();
    };
    context.loop.spawn(serve(context, std::move(*shared), peer), die);
  });
}

}  // namespace

int serve_streams(const StreamServeOptions& options) { return StreamServer(options).run(); }

}  // namespace weir::load
