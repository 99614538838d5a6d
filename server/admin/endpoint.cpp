#include "server/admin/endpoint.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

#include "common/endpoint.hpp"
#include "common/io/stream.hpp"
#include "common/logging.hpp"
#include "server/admin/connection.hpp"
#include "server/control/spawn_until.hpp"

namespace weir::admin {

namespace {

namespace asio = net::asio;

constexpr int kBacklog = 1024;  // a burst must not be told to come again a second later
constexpr std::chrono::milliseconds kPause{100};

auto into(boost::system::error_code& error) {
  return asio::redirect_error(asio::use_awaitable_t<net::Executor>(), error);
}

std::vector<ListeningSocket> listen(const AdminConfig& config) {
  ListenerConfig listener;
  listener.bind = {config.bind};
  listener.unix_socket = config.unix_socket;
  try {
    return open_listening_sockets(listener, kBacklog, 1);
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("admin: ") + error.what());
  }
}

using Waiter = Endpoint::Waiter;

/// Waits on a descriptor of its own for the same socket, because Asio closes those that it waits on.
std::shared_ptr<Waiter> waiter_of(const ListeningSocket& socket, const net::Executor& executor) {
  io::Descriptor copy(::fcntl(socket.descriptor(0), F_DUPFD_CLOEXEC, 0));
  if (!copy) throw std::runtime_error("admin: cannot listen: " + std::generic_category().message(errno));
  auto waiter = std::make_shared<Waiter>(executor, copy.get());
  copy.release();
  return waiter;
}

/// Accepts a connection where one waits. False where a pause is due: while descriptors are used up, accept(2) fails at
/// once and for ever.
bool accept_one(const std::shared_ptr<Connections>& all, const net::Executor& executor, int listening,
                const weir::Endpoint& bound) {
  weir::Endpoint peer;
  socklen_t size = weir::Endpoint::capacity();
  io::Descriptor socket(::accept4(listening, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return true;
    static LogLimiter limiter;
    const int error = errno;
    if (const std::uint64_t times = limiter.admit(Connection::Clock::now()); times > 0) {
      spdlog::warn("admin: cannot accept on {}: {}; {} times since last said", bound.to_string(),
                   std::generic_category().message(error), times);
    }
    if (io::is_exhaustion(error)) all->close_one(Connections::Which::idle);
    return false;
  }
  peer.resize(size);
  Caller caller = caller_of(socket.get(), peer, bound);
  std::stop_source end;
  spawn_until(end.get_token(), executor, serve(all, end, std::move(socket), bound.family(), std::move(caller)));
  return true;
}

net::awaitable<void> keep_accepting(std::shared_ptr<Connections> all, std::shared_ptr<Waiter> socket,
                                    weir::Endpoint bound) {
  const net::Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer pause(executor);
  boost::system::error_code error;
  while (!all->stop.stop_requested()) {
    try {
      co_await socket->async_wait(Waiter::wait_read, into(error));
      if (all->stop.stop_requested()) co_return;
      if (!error && accept_one(all, executor, socket->native_handle(), bound)) continue;
      pause.expires_after(kPause);
      co_await pause.async_wait(into(error));
    } catch (const std::bad_alloc&) {
      continue;  // the connection that came is closed
    }
  }
}

}  // namespace

Endpoint::Endpoint(const net::Executor& executor, const AdminConfig& config, Daemon& daemon, const Bounds& bounds)
    : sockets_(listen(config)), connections_(std::make_shared<Connections>(config, daemon, bounds, stop_.get_token())) {
  for (const ListeningSocket& socket : sockets_) {
    waiters_.push_back(waiter_of(socket, executor));
    spawn_until(stop_.get_token(), executor, keep_accepting(connections_, waiters_.back(), socket.endpoint()));
  }
}

Endpoint::~Endpoint() { stop(); }

void Endpoint::stop() {
  if (stop_.stop_requested()) return;
  stop_.request_stop();
  connections_->close_all();
  for (const std::shared_ptr<Waiter>& waiter : waiters_) {
    boost::system::error_code ignored;
    waiter->close(ignored);
  }
  sockets_.clear();
}

}  // namespace weir::admin
