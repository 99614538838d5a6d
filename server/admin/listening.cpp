#include "server/admin/listening.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "common/address.hpp"
#include "common/io/stream.hpp"
#include "common/logging.hpp"
#include "server/admin/connection.hpp"
#include "server/control/spawn_until.hpp"

namespace weir::admin {

namespace {

namespace asio = net::asio;
using Waiter = Acceptor::Waiter;

constexpr int kBacklog = 1024;  // a burst must not be told to come again a second later
constexpr std::chrono::milliseconds kPause{100};

ListeningSocket take_socket(const std::shared_ptr<const HandedOverSocket>& socket) {
  return {ListenerConfig(), {local_endpoint(socket->descriptor.get()), false, 0, 1, socket}, kBacklog, 1};
}

ListeningSocket open_socket(const AdminConfig& config, const weir::Endpoint& endpoint, const Listening& running,
                            const InheritedSockets* inherited) {
  ListenerConfig listener;
  listener.unix_socket = config.unix_socket;
  const BindPlace place{endpoint, endpoint.is_inet() && config.bind.host.empty()};
  try {
    return {listener, place, kBacklog, 1};
  } catch (const std::system_error& error) {
    const bool in_the_way = error.code() == std::errc::address_in_use && endpoint.is_inet() &&
                            std::any_of(running.endpoints.begin(), running.endpoints.end(), [&](const auto& open) {
                              return open.is_inet() && open.port() == endpoint.port();
                            });
    const bool inherited_in_the_way =
        endpoint.is_inet() && inherited != nullptr && inherited->occupies(endpoint.port());
    if (!in_the_way && !inherited_in_the_way) throw;
  }
  return {listener, place, kBacklog, 1, PortUse::shared};
}

struct Newcomer {
  io::Descriptor socket;
  weir::Endpoint peer;
};

/// Without a socket where accept(2) fails.
Newcomer accept_one(int listening) {
  Newcomer newcomer;
  socklen_t size = weir::Endpoint::capacity();
  newcomer.socket = io::Descriptor(::accept4(listening, newcomer.peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (newcomer.socket) newcomer.peer.resize(size);
  return newcomer;
}

void serve_one(const std::shared_ptr<Connections>& all, const net::Executor& executor, Newcomer newcomer,
               const weir::Endpoint& bound, const std::stop_token& listening) {
  Caller caller = caller_of(newcomer.socket.get(), newcomer.peer, bound);
  std::stop_source end;
  spawn_until(end.get_token(), executor,
              serve(Served(all), end, listening, std::move(newcomer.socket), bound.family(), std::move(caller)));
}

/// False where a pause is due: while descriptors are used up, accept(2) fails at once and for ever.
bool goes_on_after(int error, Connections& all, const weir::Endpoint& bound) {
  if (error == EAGAIN || error == ECONNABORTED || error == EINTR) return true;
  static LogLimiter limiter;
  if (const std::uint64_t times = limiter.admit(Connection::Clock::now()); times > 0) {
    spdlog::warn("{}: cannot accept on {}: {}; {} times since the last message", all.name, bound.to_string(),
                 std::generic_category().message(error), times);
  }
  if (io::is_exhaustion(error)) all.close_one(Connections::Which::idle);
  return false;
}

net::awaitable<void> keep_accepting(std::shared_ptr<Connections> all, std::shared_ptr<Waiter> socket,
                                    weir::Endpoint bound, std::stop_token stop) {
  const net::Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer pause(executor);
  boost::system::error_code error;
  while (!stop.stop_requested()) {
    try {
      co_await socket->async_wait(Waiter::wait_read, net::into(error));
      if (stop.stop_requested()) co_return;
      if (!error) {
        Newcomer newcomer = accept_one(socket->native_handle());
        const int failure = errno;
        if (newcomer.socket) {
          serve_one(all, executor, std::move(newcomer), bound, stop);
          continue;
        }
        if (goes_on_after(failure, *all, bound)) continue;
      }
      pause.expires_after(kPause);
      co_await pause.async_wait(net::into(error));
    } catch (const std::bad_alloc&) {
      continue;  // the connection that came is closed
    }
  }
}

}  // namespace

OpenSocket::OpenSocket(ListeningSocket listening)
    : socket(std::move(listening)), copy(::fcntl(socket.descriptor(0), F_DUPFD_CLOEXEC, 0)) {
  if (!copy) throw std::system_error(errno, std::generic_category(), "cannot listen");
  if (!socket.is_handed_over() && SocketFile::is_needed(socket.endpoint())) file = SocketFile(socket.endpoint());
  file.own(!socket.is_adopted());
}

ListeningChange open_sockets(const AdminConfig& config, const Listening& running, const HandedOverSockets& handed_over,
                             InheritedSockets* inherited, const std::string& name) {
  ListeningChange change;
  if (config.bind == running.config.bind && !running.endpoints.empty()) {
    change.kept = running.endpoints;
    return change;
  }
  if (config.bind.is_descriptor()) {
    for (const auto& socket : handed_over.named(config.bind.host)) change.opened.emplace_back(take_socket(socket));
    return change;
  }
  const bool same_families =
      !running.config.bind.is_descriptor() && config.bind.host.empty() == running.config.bind.host.empty();
  for (const weir::Endpoint& endpoint : resolve(config.bind, AddressUse::bind)) {
    const bool open =
        std::find(running.endpoints.begin(), running.endpoints.end(), endpoint) != running.endpoints.end();
    std::vector<io::Descriptor> taken;
    if (inherited != nullptr) {
      taken = inherited->take_admin(endpoint, endpoint.is_inet() && config.bind.host.empty(), name);
    }
    if (!taken.empty()) {
      change.opened.emplace_back(ListeningSocket::adopt(std::move(taken)));
    } else if (open && same_families) {
      change.kept.push_back(endpoint);
    } else {
      change.opened.emplace_back(open_socket(config, endpoint, running, inherited));
    }
  }
  return change;
}

Acceptor::Acceptor(const net::Executor& executor, OpenSocket open, const std::shared_ptr<Connections>& connections)
    : socket_(std::move(open.socket)),
      file_(std::move(open.file)),
      waiter_(std::make_shared<Waiter>(executor, open.copy.get())) {
  open.copy.release();
  spawn_until(stop_.get_token(), executor, keep_accepting(connections, waiter_, socket_.endpoint(), stop_.get_token()));
}

void Acceptor::stop() {
  stop_.request_stop();
  boost::system::error_code ignored;
  waiter_->close(ignored);
}

void Acceptor::pass_on() {
  socket_.pass_on();
  file_.own(false);
}

void Acceptor::own_file() {
  socket_.own_file();
  file_.own(true);
}

void Acceptor::retire(const net::Executor& executor, const std::shared_ptr<Connections>& connections) {
  if (socket_.is_handed_over()) return stop();
  socket_.refuse_newcomers();
  stop();
  // Their number has a bound even if the kernel goes on taking newcomers.
  for (int i = 0; i < kBacklog; ++i) {
    Newcomer newcomer = accept_one(socket_.descriptor(0));
    if (!newcomer.socket) return;
    serve_one(connections, executor, std::move(newcomer), socket_.endpoint(), stop_.get_token());
  }
}

}  // namespace weir::admin
