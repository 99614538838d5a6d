#include <cerrno>

#include "server/session/relay.hpp"
#include "server/session/session.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

namespace {

/// Waits until `until`. Returns why the session must end instead, if it must. A client's FIN does not end it, because
/// a client may send, shut down its sending side, and then read; nor does its reset while there are bytes that it sent
/// before, because those are owed to the backend.
net::awaitable<std::optional<SessionEnd>> wait_before_connected(Session& session, Deadlines::Time until) {
  session.slot->set_deadline(std::min(until, session.deadlines.lifetime_end()));
  co_await session.slot->wait();
  session.slot->timer_fired();
  if (session.slot->interruption() != 0) co_return SessionEnd::shutdown;
  if (session.client.failed() && session.client.unread() == 0) {
    co_return end_of_error(true, session.client.take_error());
  }
  if (session.loop().now() >= session.deadlines.lifetime_end()) co_return SessionEnd::lifetime;
  co_return std::nullopt;
}

/// What an attempt came to: connected when `error` is 0 and `end` is nothing.
struct Attempted {
  int error = 0;
  std::optional<SessionEnd> end;  ///< the session must end, whatever the backend does
};

net::awaitable<Attempted> connect_endpoint(Session& session, const UpstreamConfig& config, const Endpoint& target,
                                           io::Stream& backend) {
  const io::Clock::time_point started = io::Clock::now();
  const Deadlines::Time deadline = started + config.connect.timeout;
  io::ConnectStart start = io::start_connect(target, [&](int fd) {
    if (target.is_inet()) io::apply_tcp_options(fd, config.tcp);
    return 0;
  });
  if (start.error != 0 && start.error != EINPROGRESS) co_return Attempted{start.error, std::nullopt};
  if (!session.context.spare.keep(start.socket)) co_return Attempted{EMFILE, std::nullopt};
  backend = io::Stream(*session.slot, io::Side::second, std::move(start.socket), target.is_inet());
  if (!backend.valid()) co_return Attempted{errno, std::nullopt};
  while (!backend.writable()) {
    if (session.loop().now() >= deadline) co_return Attempted{ETIMEDOUT, std::nullopt};
    if (const auto end = co_await wait_before_connected(session, deadline)) co_return Attempted{0, end};
  }
  if (backend.failed()) {
    // A backend that accepted, sent and reset before this turn was connected: the relay passes on what came of it.
    const int error = backend.take_error();
    if (error != ECONNRESET && error != EPIPE) co_return Attempted{error, std::nullopt};
  }
  session.record.connect_time =
      std::chrono::duration_cast<std::chrono::duration<std::uint32_t, std::micro>>(io::Clock::now() - started);
  co_return Attempted{};
}

/// A server's name may stand for several addresses: the first that answers serves.
net::awaitable<Attempted> connect_server(Session& session, const UpstreamConfig& config, Backend& server,
                                         io::Stream& backend) {
  Attempted last;
  for (const Endpoint& endpoint : server.endpoints()) {
    last = co_await connect_endpoint(session, config, endpoint, backend);
    if (last.error == 0 || io::is_exhaustion(last.error)) break;
    backend.close();
  }
  co_return last;
}

/// Tries servers until one takes the connection. Returns why the session must end where none does.
net::awaitable<std::optional<SessionEnd>> connect_backend(Session& session, Upstream& upstream, io::Stream& backend) {
  ConnectPlan plan = upstream.plan_connect();
  SessionEnd failure = SessionEnd::connect_failed;
  while (const auto attempt = plan.next()) {
    const Deadlines::Time resume = session.loop().now() + attempt->pause;
    while (session.loop().now() < resume) {
      if (const auto end = co_await wait_before_connected(session, resume)) co_return end;
    }
    Backend& server = upstream.server(attempt->server);
    ++session.record.attempts;
    session.record.backend = &server.name();
    const Attempted attempted = co_await connect_server(session, upstream.config(), server, backend);
    if (attempted.end) {
      backend.reset();  // what the client got, a backend that has just accepted gets
      co_return attempted.end;
    }
    if (attempted.error == 0) co_return std::nullopt;
    server.report_failure(upstream.config().name, attempted.error);
    failure = io::is_local_error(attempted.error) ? SessionEnd::refused_resources : SessionEnd::connect_failed;
    // To wait for a descriptor would hold the client's, which another connection could use.
    if (io::is_exhaustion(attempted.error)) break;
  }
  co_return failure;
}

}  // namespace

net::awaitable<SessionEnd> ProxyService::serve(Session& session) const {
  io::Stream backend;
  if (const auto end = co_await connect_backend(session, *upstream, backend)) co_return *end;
  session.deadlines.touch(session.loop().now());
  session.arm();
  try {
    co_return co_await relay(session, backend);
  } catch (...) {
    backend.reset();
    throw;
  }
}

}  // namespace weir
