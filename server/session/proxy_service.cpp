#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/io/self_connect.hpp"
#include "server/session/relay.hpp"
#include "server/session/session.hpp"
#include "server/upstream/cut_watch.hpp"
#include "server/upstream/source_pool.hpp"
#include "server/upstream/upstream.hpp"
#include "server/upstream/waiter.hpp"

namespace weir {

namespace {

ConnectConfig::AbortOn abort_on(const Session& session) {
  return std::get<ProxyService>(session.context.service).upstream->config().connect.abort_on;
}

/// How its client has ended a session that has no backend yet, if it has. What it sent is lost: nobody waits for the
/// answer. A FIN alone does not end it unless that is asked for, because a client may send, shut down its sending side,
/// and then read.
std::optional<SessionEnd> left_by_client(Session& session) {
  const io::Stream& client = session.client;
  std::optional<SessionEnd> end;
  if (client.failed()) {
    end = end_of_error(true, client.take_error());
  } else if (client.peer_ended() && abort_on(session) == ConnectConfig::AbortOn::close) {
    end = SessionEnd::client_closed;
  }
  if (end) session.record.bytes_in = session.record.bytes_lost = client.unread();
  return end;
}

/// Suspends until `until` at the latest.
auto wait_at_most(Session& session, Deadlines::Time until) {
  session.slot->set_deadline(std::min(until, session.deadlines.lifetime_end()));
  return session.slot->wait();
}

/// After that: why the session must end whatever its client and its backend do, if it must.
std::optional<SessionEnd> must_end_unconnected(Session& session) {
  session.slot->timer_fired();
  if (session.slot->interruption() != 0) return SessionEnd::shutdown;
  if (session.loop().now() >= session.deadlines.lifetime_end()) return SessionEnd::lifetime;
  return std::nullopt;
}

/// Waits until `until`, or for less. Returns why the session must end instead, if it must.
net::awaitable<std::optional<SessionEnd>> wait_before_connected(Session& session, Deadlines::Time until) {
  // Its client may have left in the turn of another event, and then no further one comes.
  if (const auto end = left_by_client(session)) co_return end;
  co_await wait_at_most(session, until);
  if (const auto end = must_end_unconnected(session)) co_return end;
  co_return left_by_client(session);
}

/// What an attempt came to: connected when `error` is 0 and `end` is nothing.
struct Attempted {
  int error = 0;
  std::optional<SessionEnd> end;  ///< the session must end, whatever the backend does
};

/// What the server is told of the client before its first byte; empty where it is told nothing.
std::string header_for(const Session& session, const UpstreamConfig& config) {
  if (config.send_proxy_protocol == ProxyVersion::none) return "";
  if (session.header) return make_proxy_header(config.send_proxy_protocol, *session.header);
  // Who it was when it was accepted: a client that has reset since has no peer any more, but its bytes are still owed.
  const ClientAddress& client = session.record.client;
  const int fd = session.client.fd();
  const Endpoint source = client.is_inet() ? client.endpoint() : remote_endpoint(fd);
  return make_proxy_header(config.send_proxy_protocol, {source, local_endpoint(fd), "", false});
}

net::awaitable<Attempted> connect_endpoint(Session& session, const UpstreamConfig& config, SourceTurns& sources,
                                           const Endpoint& target, io::Stream& backend) {
  if (const auto end = left_by_client(session)) co_return Attempted{0, end};
  const io::Clock::time_point started = io::Clock::now();
  const Deadlines::Time deadline = started + config.connect.timeout;
  io::ConnectStart start = start_connect_from(sources, target, started, [&](int fd) {
    if (target.is_inet()) io::apply_tcp_options(fd, config.tcp);
    return 0;
  });
  bool full = io::is_queue_full(target, start.error);
  if (start.error != 0 && start.error != EINPROGRESS && !full) co_return Attempted{start.error, std::nullopt};
  if (!session.context.spare.keep(start.socket)) co_return Attempted{EMFILE, std::nullopt};
  for (; full; full = io::is_queue_full(target, start.error)) {
    if (session.loop().now() >= deadline) co_return Attempted{ETIMEDOUT, std::nullopt};
    const Deadlines::Time again = std::min(deadline, session.loop().now() + io::kQueueFullPause);
    if (const auto end = co_await wait_before_connected(session, again)) co_return Attempted{0, end};
    start.error = io::connect_socket(start.socket.get(), target);
  }
  if (start.error != 0 && start.error != EINPROGRESS) co_return Attempted{start.error, std::nullopt};
  backend = io::Stream(*session.slot, io::Side::second, std::move(start.socket), target.is_inet());
  if (!backend.valid()) co_return Attempted{errno, std::nullopt};
  // Once it is connected, what a client sent before it left is owed to it.
  while (!backend.writable()) {
    if (const auto end = left_by_client(session)) co_return Attempted{0, end};
    if (session.loop().now() >= deadline) co_return Attempted{ETIMEDOUT, std::nullopt};
    co_await wait_at_most(session, deadline);
    if (const auto end = must_end_unconnected(session)) co_return Attempted{0, end};
  }
  if (backend.failed()) {
    // A backend that accepted, sent and reset before this turn was connected: the relay passes on what came of it.
    const int error = backend.take_error();
    if (error != ECONNRESET && error != EPIPE) co_return Attempted{error, std::nullopt};
  } else if (const int error = io::refuse_self_connect(backend.fd(), target); error != 0) {
    co_return Attempted{error, std::nullopt};
  }
  const std::string header = header_for(session, config);
  for (std::size_t sent = 0; sent < header.size();) {
    const io::IoResult put = backend.write(std::as_bytes(std::span(header)).subspan(sent));
    // One that answered and is gone: the relay passes on what came of it.
    if (put.status == io::IoResult::Status::failed && backend.unread() > 0) break;
    if (put.status == io::IoResult::Status::failed) co_return Attempted{put.error, std::nullopt};
    sent += put.bytes;
    if (backend.writable()) continue;
    if (session.loop().now() >= deadline) co_return Attempted{ETIMEDOUT, std::nullopt};
    co_await wait_at_most(session, deadline);
    if (const auto end = must_end_unconnected(session)) co_return Attempted{0, end};
  }
  session.record.connect_time =
      std::chrono::duration_cast<std::chrono::duration<std::uint32_t, std::micro>>(io::Clock::now() - started);
  co_return Attempted{};
}

/// A server's name may stand for several addresses: the first that answers serves.
net::awaitable<Attempted> connect_server(Session& session, const UpstreamConfig& config, Backend& server,
                                         io::Stream& backend) {
  Attempted last{EADDRNOTAVAIL, std::nullopt};
  for (Endpoint endpoint : server.endpoints()) {
    if (!server.sources().pool().reaches(endpoint)) continue;
    endpoint.set_port(static_cast<std::uint16_t>(endpoint.port() + server.port_shift(session.port_offset)));
    last = co_await connect_endpoint(session, config, server.sources(), endpoint, backend);
    if (last.error == 0 || io::is_exhaustion(last.error)) break;
    backend.reset();  // it may have accepted, and nothing has been delivered to it
  }
  co_return last;
}

/// What Tried refers to.
using TriedServers = std::vector<std::shared_ptr<Backend>>;

/// How often a connection that waits in the queue looks by itself whether it was served.
constexpr std::chrono::seconds kQueueLook{10};

/// A connection's turn in the queue, which it keeps when it must wait again.
struct QueueTurn {
  WaitQueue::Ticket ticket = 0;
  milliseconds waited{0};  ///< before this wait
};

/// A place on a server; or none, because all were tried by now; or why the session must end.
struct Placed {
  Upstream::Pick pick;
  std::optional<SessionEnd> end;
};

/// Waits in the queue of an upstream whose servers are all full, or of which none is up: `queue.timeout` at most, over
/// all waits of the connection.
net::awaitable<Placed> wait_for_place(Session& session, Upstream& upstream, Upstream::Blocked blocked,
                                      std::uint64_t source, const TriedServers& tried, QueueTurn& turn) {
  const Deadlines::Time started = session.loop().now();
  const milliseconds patience = upstream.config().queue.timeout;
  const Deadlines::Time deadline =
      patience.count() == 0 ? Deadlines::Time::max() : started + std::max(patience - turn.waited, milliseconds(0));
  Waiter waiter(upstream, *session.slot, source, tried, turn.ticket, started);
  if (!waiter.queued()) {
    co_return Placed{{}, blocked == Upstream::Blocked::none_up ? SessionEnd::no_backend : SessionEnd::queue_full};
  }
  for (;;) {
    if (auto pick = waiter.take()) {
      turn.waited += std::chrono::ceil<milliseconds>(session.loop().now() - started);
      co_return Placed{std::move(*pick), std::nullopt};
    }
    if (session.loop().now() >= deadline) {
      co_return Placed{{}, upstream.any_up() ? SessionEnd::queue_timeout : SessionEnd::no_backend};
    }
    // The look after a while is for a wake-up for which there was no memory.
    const Deadlines::Time look = std::min(deadline, session.loop().now() + kQueueLook);
    if (const auto end = co_await wait_before_connected(session, look)) co_return Placed{{}, end};
  }
}

/// What a connection has behind it on its way to a server.
struct Search {
  TriedServers tried;  ///< in this round
  bool again = false;  ///< all were tried once, so that each further try comes after a pause
  QueueTurn turn;
};

/// The server for the next try, distinct ones first. `tried` begins anew once all were tried.
net::awaitable<Placed> next_server(Session& session, Upstream& upstream, Search& search) {
  const std::uint64_t source = session.source().source_hash();
  for (;;) {
    const Deadlines::Time resume =
        session.loop().now() + (search.again ? upstream.config().connect.delay : milliseconds(0));
    while (session.loop().now() < resume) {
      if (const auto end = co_await wait_before_connected(session, resume)) co_return Placed{{}, end};
    }
    Placed placed{upstream.take(source, search.tried, session.loop().now()), std::nullopt};
    if (placed.pick.blocked == Upstream::Blocked::all_full || placed.pick.blocked == Upstream::Blocked::none_up) {
      placed = co_await wait_for_place(session, upstream, placed.pick.blocked, source, search.tried, search.turn);
    }
    if (placed.end || placed.pick.lease) co_return placed;
    search.tried.clear();
    // The pause is for whoever begins a second round; later on there was one before this look already.
    if (std::exchange(search.again, true)) {
      placed.pick = upstream.take(source, search.tried, session.loop().now());
      if (placed.pick.lease) co_return placed;
    }
  }
}

/// What a session holds of the server that it is connected to.
struct Hold {
  Lease lease;                      ///< until the backend's socket is closed
  std::unique_ptr<CutWatch> watch;  ///< where it is to be cut when the server goes down; goes before the lease
};

/// Tries servers until one takes the connection. Returns why the session must end where none does.
net::awaitable<std::optional<SessionEnd>> connect_backend(Session& session, Upstream& upstream, Hold& hold,
                                                          io::Stream& backend) {
  Search search;
  SessionEnd failure = SessionEnd::connect_failed;
  while (session.record.attempts < upstream.config().connect.attempts) {
    Placed placed = co_await next_server(session, upstream, search);
    if (placed.end) co_return placed.end;
    hold.lease = std::move(placed.pick.lease);
    Backend& server = *hold.lease;
    session.cuts = placed.pick.cuts;
    ++session.record.attempts;
    session.record.backend = server.name_at(session.port_offset);
    Attempted attempted = co_await connect_server(session, upstream.config(), server, backend);
    if (attempted.end) {
      backend.reset();  // what the client got, a backend that has just accepted gets
      co_return attempted.end;
    }
    if (attempted.error == 0 && upstream.config().on_down == UpstreamConfig::OnDown::reset) {
      hold.watch = std::make_unique<CutWatch>(server, *session.slot);  // before the look, so that no cut is missed
    }
    if (attempted.error == 0 && server.cuts() == session.cuts) {
      upstream.connected(server, session.loop().now());
      co_return std::nullopt;
    }
    hold.watch.reset();
    const bool went_down = attempted.error == 0;  // while it was being connected to, and its connections are to be cut
    backend.reset();
    if (!went_down) {
      server.report_failure(attempted.error);
      const bool local = io::is_local_error(attempted.error);
      failure = local ? SessionEnd::refused_resources : SessionEnd::connect_failed;
      // To wait for a descriptor would hold the client's, which another connection could use.
      if (io::is_exhaustion(attempted.error)) break;
      if (!local) upstream.failed(server, attempted.error, session.loop().now());
    }
    search.tried.push_back(server.shared_from_this());
    hold.lease.reset();
  }
  co_return failure;
}

}  // namespace

net::awaitable<SessionEnd> ProxyService::serve(Session& session) const {
  Hold hold;
  io::Stream backend;
  if (const auto end = co_await connect_backend(session, *upstream, hold, backend)) co_return *end;
  session.deadlines.touch(session.loop().now());
  session.arm();
  session.backend = hold.lease.get();
  session.header.reset();
  co_return co_await relay(session, backend);
}

}  // namespace weir
