#include "server/session/connect_backend.hpp"

#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/io/self_connect.hpp"
#include "common/proxy_tlvs.hpp"
#include "common/tls/proxied_tls.hpp"
#include "server/session/begin_backend_tls.hpp"
#include "server/upstream/source_pool.hpp"
#include "server/upstream/waiter.hpp"

namespace weir {

namespace {

/// A session on its way to a backend.
struct ConnectContext {
  Session& session;
  Upstream& upstream;
  const UpstreamConfig& config;
  const tls::Origination* tls;  ///< null: backends are spoken to in the clear
  BackendConnection& backend;
};

/// What a client that left had sent. Of TLS only what can be read counts: its records are longer.
std::size_t unread_bytes(Session& session) {
  if (!session.tls) return session.client.unread();
  std::size_t all = 0;
  for (int reads = 0; reads < Direction::kTurnReads; ++reads) {
    const io::IoResult got = session.tls->read(session.scratch());
    if (got.status != io::IoResult::Status::moved) break;
    all += got.bytes;
  }
  return all;
}

/// Ends a session that has no backend yet if its client has left; returns whether it is over. What the client sent is
/// lost: nobody waits for the answer.
bool left_by_client(ConnectContext context) {
  if (!client_has_left(context.session, context.config)) return false;
  const io::Stream& client = context.session.client;
  context.session.end_with(client.failed() ? end_of_error(true, client.take_error()) : SessionEnd::client_closed);
  context.backend.lost_before = unread_bytes(context.session);
  return true;
}

/// After a wait: whether the session is over, whatever its client and its backend do.
bool must_end(Session& session) {
  if (const auto why = session.must_end()) session.end_with(*why);
  return session.end.has_value();
}

/// Waits until `until` at the latest. Returns whether the session is over.
net::awaitable<bool> wait_before_connected(ConnectContext context, Session::Time until) {
  Session& session = context.session;  // g++ 12 miscompiles some coroutines that have no local variable
  // The client may have left in the turn of another event, and then no further event comes.
  if (left_by_client(context)) co_return true;
  co_await session.wait_until(until);
  co_return must_end(session) || left_by_client(context);
}

/// What is known of the client's TLS; of a plain one nothing.
ProxiedTls client_tls(const Session& session) {
  ProxiedTls known;
  if (session.tls) known = tls::proxied_tls(session.tls->ssl());
  if (session.tls_facts) known.authority = session.tls_facts->sni;
  return known;
}

/// The PROXY header that the backend gets before the client's first byte; empty if it gets none.
std::string header_for(const Session& session, const UpstreamConfig& config) {
  if (config.send_proxy_protocol == ProxyVersion::none) return "";
  ProxyHeader header;
  if (session.proxied && session.proxied->header) {
    header = *session.proxied->header;
  } else {
    // The address noted at accept: a client that has reset since has no peer name any more, but its bytes are still
    // owed.
    const int fd = session.client.fd();
    header.source = session.peer.is_inet() ? session.peer.endpoint() : remote_endpoint(fd);
    header.destination = local_endpoint(fd);
  }
  if (!config.proxy_tlvs.empty()) {
    header.tlvs = add_tls_tlvs(std::move(header.tlvs), client_tls(session), config.proxy_tlvs);
  }
  return make_proxy_header(config.send_proxy_protocol, header);
}

BackendHandshakeResult handshake_result_of(int error) {
  switch (error) {
    case 0:
      return BackendHandshakeResult::done;
    case kTlsUntrusted:
      return BackendHandshakeResult::untrusted;
    case kTlsRefused:
      return BackendHandshakeResult::refused;
    case kTlsTimedOut:
      return BackendHandshakeResult::timeout;
    default:
      return BackendHandshakeResult::failed;
  }
}

/// One attempt: 0 if the backend is connected and has got its header, else an errno. It may end the session instead.
net::awaitable<int> connect_endpoint(ConnectContext context, SourceTurns& sources, const Endpoint& target,
                                     std::string_view host) {
  Session& session = context.session;
  io::Stream& backend = context.backend.stream;
  if (left_by_client(context)) co_return 0;
  const Session::Time started = io::Clock::now();
  const Session::Time deadline = started + context.config.connect.timeout;
  io::ConnectStart start = start_connect_from(sources, target, started, [&](int fd) {
    if (session.context->resources.spare.is_left_to_others(fd)) return EMFILE;  // before the backend sees a SYN
    if (target.is_inet()) io::apply_tcp_options(fd, context.config.tcp);
    return 0;
  });
  bool full = io::is_queue_full(target, start.error);
  if (start.error != 0 && start.error != EINPROGRESS && !full) co_return start.error;
  if (!session.context->resources.spare.keep(start.socket)) co_return EMFILE;
  for (; full; full = io::is_queue_full(target, start.error)) {
    if (session.now() >= deadline) co_return ETIMEDOUT;
    const Session::Time again = std::min(deadline, session.now() + io::kQueueFullPause);
    if (co_await wait_before_connected(context, again)) co_return 0;
    start.error = io::connect_socket(start.socket.get(), target);
  }
  if (start.error != 0 && start.error != EINPROGRESS) co_return start.error;
  backend = io::Stream(*session.slot, io::Side::second, std::move(start.socket), target.is_inet());
  if (!backend.valid()) co_return errno;
  // Once the backend is connected, it is owed what a client sent before it left.
  while (!backend.writable()) {
    if (left_by_client(context)) co_return 0;
    if (session.now() >= deadline) co_return ETIMEDOUT;
    co_await session.wait_until(deadline);
    if (must_end(session)) co_return 0;
  }
  if (backend.failed()) {
    // A backend that accepted, sent and reset before this turn was connected: the relay passes on what it sent.
    const int error = backend.take_error();
    if (error != ECONNRESET && error != EPIPE) co_return error;
  } else if (const int error = io::refuse_self_connect(backend.fd(), target); error != 0) {
    co_return error;
  }
  const std::string header = header_for(session, context.config);
  for (std::size_t sent = 0; sent < header.size();) {
    const io::IoResult put = backend.write(std::as_bytes(std::span(header)).subspan(sent));
    // A backend that answered and is gone: the relay passes on what it sent.
    if (put.status == io::IoResult::Status::failed && backend.unread() > 0) break;
    if (put.status == io::IoResult::Status::failed) co_return put.error;
    sent += put.bytes;
    if (backend.writable()) continue;
    if (session.now() >= deadline) co_return ETIMEDOUT;
    co_await session.wait_until(deadline);
    if (must_end(session)) co_return 0;
  }
  context.backend.connect_time =
      std::chrono::duration_cast<std::chrono::duration<std::uint32_t, std::micro>>(io::Clock::now() - started);
  if (session.asks_postgres && context.tls == nullptr)
    co_return co_await ask_backend_for_tls(session, context.backend, deadline);
  if (context.tls == nullptr) co_return 0;
  const int error = co_await begin_backend_tls(
      {session, *context.tls->current(), context.config.tls->starttls, host, deadline, context.backend});
  if (session.end) co_return error;
  context.backend.lease->counters(session.context->worker).add_handshake(handshake_result_of(error));
  co_return error;
}

SessionEnd end_of_connect(int error) {
  if (io::is_local_error(error)) return SessionEnd::refused_resources;
  switch (error) {
    case kTlsFailed:
    case kTlsTimedOut:
      return SessionEnd::server_tls_failed;
    case kTlsUntrusted:
      return SessionEnd::server_tls_untrusted;
    case kTlsRefused:
      return SessionEnd::server_tls_refused;
    default:
      return SessionEnd::connect_failed;
  }
}

/// A backend's name may have several addresses: the first that answers serves.
net::awaitable<int> connect_to(ConnectContext context, Backend& chosen) {
  int error = EADDRNOTAVAIL;
  for (Endpoint endpoint : chosen.endpoints()) {
    if (!chosen.sources().pool().reaches(endpoint)) continue;
    endpoint.set_port(static_cast<std::uint16_t>(endpoint.port() + chosen.port_shift(context.session.port_offset)));
    error = co_await connect_endpoint(context, chosen.sources(), endpoint, chosen.host());
    if (error == 0 || io::is_exhaustion(error)) break;
    context.backend.tls.reset();
    context.backend.stream.reset();  // it may have accepted, but nothing has been delivered to it
  }
  co_return error;
}

/// The backends behind a Tried.
using TriedBackends = std::vector<std::shared_ptr<Backend>>;

/// How often a queued connection checks by itself whether it was served.
constexpr std::chrono::seconds kQueueLook{10};

/// How far a connection has come in its search for a backend.
struct Search {
  TriedBackends tried;           ///< in this round
  bool again = false;            ///< all were tried once, so each further try comes after a pause
  WaitQueue::Ticket ticket = 0;  ///< its position in the queue, which it keeps if it must wait again
  milliseconds waited{0};        ///< in the queue, so far
};

/// Counts how long a connection waits in the queue while this lives.
class WaitCount {
 public:
  explicit WaitCount(ConnectContext context) : context_(context), started_(context.session.now()) {}
  WaitCount(const WaitCount&) = delete;
  WaitCount& operator=(const WaitCount&) = delete;
  ~WaitCount() {
    const Session& session = context_.session;
    context_.upstream.queue_counters(session.context->worker)
        .waits.add(std::chrono::duration_cast<std::chrono::microseconds>(session.now() - started_));
  }

 private:
  const ConnectContext context_;
  const Session::Time started_;
};

/// Waits in the queue of an upstream whose backends are all full, or none of which is up: at most `queue.timeout` over
/// all waits of the connection. Where the queue is full too, it is better served by a backup with room than refused.
/// Returns a place, or none if all have been tried by now or the session is over.
net::awaitable<Upstream::Pick> wait_for_place(ConnectContext context, Upstream::Blocked blocked, std::uint64_t source,
                                              Search& search) {
  Session& session = context.session;
  const Session::Time started = session.now();
  const milliseconds patience = context.config.queue.timeout;
  const Session::Time deadline =
      patience.count() == 0 ? Session::Time::max() : started + std::max(patience - search.waited, milliseconds(0));
  Waiter waiter(context.upstream, *session.slot, source, search.tried, search.ticket, started);
  if (!waiter.queued()) {
    if (blocked == Upstream::Blocked::all_full) {
      Upstream::Pick spare = context.upstream.take_spare(source, search.tried, session.now());
      if (spare.lease) co_return spare;
    }
    session.end_with(blocked == Upstream::Blocked::none_up ? SessionEnd::no_backend : SessionEnd::queue_full);
    co_return Upstream::Pick{};
  }
  const WaitCount count(context);
  for (;;) {
    if (auto pick = waiter.take()) {
      search.waited += std::chrono::ceil<milliseconds>(session.now() - started);
      co_return std::move(*pick);
    }
    if (session.now() >= deadline) {
      session.end_with(context.upstream.any_up() ? SessionEnd::queue_timeout : SessionEnd::no_backend);
      co_return Upstream::Pick{};
    }
    // The check after a while covers a wake-up that failed for lack of memory.
    const Session::Time look = std::min(deadline, session.now() + kQueueLook);
    if (co_await wait_before_connected(context, look)) co_return Upstream::Pick{};
  }
}

/// A place on the backend for the next try, untried backends first; none if the session is over. `tried` is cleared
/// once all were tried.
net::awaitable<Upstream::Pick> next_place(ConnectContext context, Search& search) {
  Session& session = context.session;
  const std::uint64_t source = session.source().source_hash();
  for (;;) {
    const Session::Time resume = session.now() + (search.again ? context.config.connect.delay : milliseconds(0));
    while (session.now() < resume) {
      if (co_await wait_before_connected(context, resume)) co_return Upstream::Pick{};
    }
    Upstream::Pick pick = context.upstream.take(source, search.tried, session.now());
    if (pick.blocked == Upstream::Blocked::all_full || pick.blocked == Upstream::Blocked::none_up) {
      pick = co_await wait_for_place(context, pick.blocked, source, search);
    }
    if (session.end || pick.lease) co_return pick;
    search.tried.clear();
    // The pause is for the start of the second round; in later rounds it came before this pick.
    if (std::exchange(search.again, true)) {
      pick = context.upstream.take(source, search.tried, session.now());
      if (pick.lease) co_return pick;
    }
  }
}

}  // namespace

bool client_has_left(const Session& session, const UpstreamConfig& config) {
  return session.client.failed() ||
         (session.client.peer_ended() && config.connect.abort_on == ConnectConfig::AbortOn::close);
}

net::awaitable<void> connect_backend(Session& session, const ProxyTarget& target, BackendConnection& backend) {
  Upstream& upstream = *target.upstream;
  const UpstreamConfig& config = *target.config;
  const ConnectContext context{session, upstream, config, target.tls.get(), backend};
  const std::size_t worker = session.context->worker;
  if (left_by_client(context)) co_return;  // before a place is sought: a fault may have held it up until then
  Search search;
  SessionEnd failure = SessionEnd::connect_failed;
  while (backend.attempts < config.connect.attempts) {
    Upstream::Pick pick = co_await next_place(context, search);
    if (session.end) co_return;
    backend.lease = std::move(pick.lease);
    backend.cuts = pick.cuts;
    Backend& chosen = *backend.lease;
    if (!chosen.has_port_at(session.port_offset)) {
      backend.lease.reset();
      session.end_with(SessionEnd::no_backend);
      co_return;
    }
    ++backend.attempts;
    backend.name = chosen.name_at(session.port_offset);
    const int error = co_await connect_to(context, chosen);
    if (session.end) {
      backend.tls.reset();
      backend.stream.reset();  // a backend that has just accepted gets what the client gets
      co_return;
    }
    if (error == 0 && config.on_down == UpstreamConfig::OnDown::reset) {
      backend.watch = std::make_unique<CutWatch>(chosen, *session.slot);  // before the check, so that no cut is missed
    }
    const bool went_down = error == 0 && backend.was_cut();  // while it was being connected to
    if (error == 0 && !went_down) {
      chosen.counters(worker).add_connect(*backend.connect_time);
      upstream.connected(chosen, session.now());
      if (session.proxied) session.proxied->header.reset();
      co_return;
    }
    backend.watch.reset();
    backend.tls.reset();
    backend.stream.reset();
    if (!went_down) {
      chosen.counters(worker).add_failure(error);
      chosen.report_failure(upstream.name(), *backend.name, error);
      const bool local = io::is_local_error(error);
      failure = end_of_connect(error);
      // Waiting for a descriptor would hold the client's, which another connection could use.
      if (io::is_exhaustion(error)) break;
      if (!local) upstream.failed(chosen, error, session.now(), *backend.name);
    }
    search.tried.push_back(chosen.shared_from_this());
    backend.lease.reset();
  }
  session.end_with(failure);
}

}  // namespace weir
