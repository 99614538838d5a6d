#include "server/session/proxy_traffic.hpp"

#include <algorithm>

#include "server/session/connect_backend.hpp"
#include "server/session/fault_cut.hpp"

namespace weir {

namespace {

using Outcome = Direction::Outcome;

/// How often a send queue is polled for being empty: no event says so.
constexpr auto kSendQueuePoll = io::TimerWheel::kTick;

/// Bytes of a failed way that its sink's peer has not acknowledged. A FIN that was sent counts as a byte of the send
/// queue, and a PROXY header is not the client's.
template <typename Sink>
std::size_t unacknowledged(const Sink& sink, std::uint64_t written, bool fin_sent) {
  const std::uint64_t queued = std::min<std::uint64_t>(sink.unacknowledged(), written + (fin_sent ? 1 : 0));
  return static_cast<std::size_t>(queued - (fin_sent && queued > 0 ? 1 : 0));
}

}  // namespace

template <typename Work>
auto ProxyTraffic::on_streams(Session& session, Work work) {
  if (session.tls) {
    return backend_.tls ? work(*session.tls, *backend_.tls) : work(*session.tls, backend_.stream);
  }
  return backend_.tls ? work(session.client, *backend_.tls) : work(session.client, backend_.stream);
}

template <typename Source, typename Sink>
Outcome ProxyTraffic::Way::forward(Source& source, Sink& sink, const Mover& mover, const Way& other) {
  if (finished) return direction.after_end(mover.now);
  const Outcome outcome = direction.pump(source, sink, mover);
  if (outcome == Outcome::ended) finished = sink.finish(other.finished ? io::Closes::now : io::Closes::later);
  return outcome;
}

net::awaitable<void> ProxyTraffic::connect(Session& session) {
  if (session.target != nullptr) target_ = session.target;
  return connect_backend(session, *target_, backend_);
}

void ProxyTraffic::shape(const Session& session, bool begins) {
  to_backend_.direction.shape(session.shaping->terms(true, false), session.now(), begins);
  to_client_.direction.shape(session.shaping->terms(false, true), session.now(), begins);
}

Turn ProxyTraffic::turn(Session& session) {
  if (failed_ != Side::none) return failed_ == Side::neither ? end_by_fault(session) : deliver_last(session);
  if (backend_.was_cut()) {
    cut(session);
    return end_turn(SessionEnd::server_reset);
  }
  return relay(session);
}

Turn ProxyTraffic::relay(Session& session) {
  const std::uint64_t before = moved(session);
  relayed_ = true;
  const Mover mover = session.mover();
  Outcome to_backend{};
  Outcome to_client{};
  bool was_blocked = false;
  on_streams(session, [&](auto& client, auto& backend) {
    to_backend = to_backend_.forward(client, backend, mover, to_client_);
    was_blocked = !backend.writable();
    to_client =
        Direction::is_failure(to_backend) ? Outcome::waiting : to_client_.forward(backend, client, mover, to_backend_);
  });
  if (to_backend == Outcome::cut) return begin_end_by_fault(session, to_backend_);
  if (to_client == Outcome::cut) return begin_end_by_fault(session, to_client_);
  if (const auto end = find_failure(session.client, to_backend, to_client)) {
    session.enter(Deadlines::Stage::delivering);
    lost_ = failed_ == Side::client ? kept_for_client(session) : kept_for_backend();
    Turn turn = deliver_last(session);
    if (end == SessionEnd::server_truncated) count_truncation(session);
    turn.end = end;
    return turn;
  }
  const bool half_closed = to_backend_.direction.source_ended() || to_client_.direction.source_ended();
  if (half_closed && session.deadlines.stage() == Deadlines::Stage::carrying) {
    client_ended_first_ = to_backend_.direction.source_ended();
  }
  if (to_backend_.finished && to_client_.finished) {
    backend_.stream.close();
    return end_turn(end_in_order(session));
  }
  // What waited for the rest of a message of the backend can go on once the other way has read it.
  const bool freed = was_blocked && to_backend == Outcome::waiting && to_backend_.direction.pending() > 0 &&
                     backend_.tls && backend_.tls->writable();
  return {.moved = moved(session) != before,
          .half_closed = half_closed,
          .unfinished = freed || to_backend == Outcome::unfinished || to_client == Outcome::unfinished,
          .soon = session.shaping ? std::min(to_backend_.direction.due(), to_client_.direction.due())
                                  : Session::Time::max()};
}

Turn ProxyTraffic::begin_end_by_fault(Session& session, const Way& way) {
  failed_ = Side::neither;
  cut_by_ = way.direction.cut_by();
  session.enter(Deadlines::Stage::delivering);
  lost_ = kept_for_client(session) + kept_for_backend();
  Turn turn = end_by_fault(session);
  turn.end = end_of_cut(cut_by_);
  return turn;
}

Turn ProxyTraffic::end_by_fault(Session& session) {
  if (cut_by_ != Shaper::Cut::reset) {
    Settled client_side;
    Settled backend_side;
    on_streams(session, [&](auto& client, auto& backend) {
      client_side = settle(cut_by_, client, to_client_.finished, session.scratch());
      backend_side = settle(cut_by_, backend, to_backend_.finished, session.scratch());
    });
    if (!client_side.done || !backend_side.done) {
      return settle_later(session, cut_by_, client_side.unfinished || backend_side.unfinished);
    }
  }
  session.close_softly = cut_by_ == Shaper::Cut::end;
  if (session.close_softly) {
    backend_.stream.close();
  } else {
    backend_.stream.reset();
  }
  return {.over = true};
}

void ProxyTraffic::count_truncation(const Session& session) const {
  backend_.lease->counters(session.context->worker).add_truncated();
}

/// A side whose end was cut short is named before the one that ended first.
SessionEnd ProxyTraffic::end_in_order(const Session& session) const {
  const bool server_truncated = backend_.tls && backend_.tls->truncated();
  if (server_truncated) count_truncation(session);
  if (session.client_truncated()) return SessionEnd::client_truncated;
  if (server_truncated) return SessionEnd::server_truncated;
  return client_ended_first_ ? SessionEnd::client_closed : SessionEnd::server_closed;
}

Turn ProxyTraffic::deliver_last(Session& session) {
  return on_streams(session, [&](auto& client, auto& backend) {
    return failed_ == Side::client ? deliver(session, client, backend) : deliver(session, backend, client);
  });
}

template <typename Dead, typename Alive>
Turn ProxyTraffic::deliver(Session& session, Dead& dead, Alive& alive) {
  Way& way = last_way();
  const Outcome outcome =
      way.finished ? way.direction.after_end(session.now()) : way.direction.pump(dead, alive, session.mover());
  const bool forwarded = outcome == Outcome::ended || outcome == Outcome::source_failed || outcome == Outcome::cut;
  const bool gone = outcome == Outcome::sink_failed || alive.failed();
  if (!gone && !(forwarded && alive.unacknowledged() == 0)) {
    return {.unfinished = outcome == Outcome::unfinished,
            .due = forwarded ? session.now() + kSendQueuePoll : Session::Time::max(),
            .soon = way.direction.due()};
  }
  if (gone) lost_ += way.direction.pending() + alive.kept();
  backend_.stream.reset();
  return {.over = true};
}

std::optional<SessionEnd> ProxyTraffic::fail(Side side, int error) {
  failed_ = side;
  return end_of_error(side == Side::client, error);
}

std::optional<SessionEnd> ProxyTraffic::find_failure(const io::Stream& client, Outcome to_backend, Outcome to_client) {
  if (Direction::is_failure(to_backend)) {
    return fail(to_backend == Outcome::source_failed ? Side::client : Side::backend, to_backend_.direction.error());
  }
  if (Direction::is_failure(to_client)) {
    return fail(to_client == Outcome::sink_failed ? Side::client : Side::backend, to_client_.direction.error());
  }
  // A side may fail while the other side's full queue keeps us from reading it.
  const auto error_of = [](const io::Stream& side, const Direction& from) {
    return from.error() != 0 ? from.error() : side.take_error();
  };
  if (client.failed()) return fail(Side::client, error_of(client, to_backend_.direction));
  if (backend_.stream.failed()) return fail(Side::backend, error_of(backend_.stream, to_client_.direction));
  return std::nullopt;
}

void ProxyTraffic::cut(Session& session) {
  if (failed_ == Side::neither) {
    session.close_softly = cut_by_ == Shaper::Cut::end;
    backend_.stream.reset();
    return;
  }
  if (failed_ != Side::none) {
    if (deliver_last(session).over) return;  // what can still go out now does
    const Way& way = last_way();
    lost_ += way.direction.pending() + on_streams(session, [&](auto& client, auto& backend) {
               return failed_ == Side::client ? unacknowledged(backend, way.direction.written(), way.finished)
                                              : unacknowledged(client, way.direction.written(), way.finished);
             });
    backend_.stream.reset();
    return;
  }
  lost_ = kept_for_backend() + kept_for_client(session);
  session.note_cut(lost_ + backend_.unread());
  if (session.cut_inside) backend_.stream.reset();
  if (backend_.tls) backend_.tls->finish(io::Closes::now);  // as far as the socket takes it
  backend_.stream.close();
}

void ProxyTraffic::describe(SessionRecord& record) const {
  record.backend = backend_.name;
  record.connect_time = backend_.connect_time;
  record.attempts = backend_.attempts;
  const Carried all = carried();
  record.bytes_in = all.in;
  record.bytes_out = all.out;
  record.bytes_lost = lost_ + backend_.lost_before +
                      (relayed_ ? 0 : to_backend_.direction.pending() + to_backend_.direction.first_left());
}

Carried ProxyTraffic::carried() const {
  return {to_backend_.direction.read() + to_backend_.direction.first_left() + backend_.lost_before,
          to_client_.direction.written(), to_backend_.direction.written(), to_client_.direction.read()};
}

Kept ProxyTraffic::kept(const Session& session) const {
  Kept kept;
  kept.inside_for_client = kept_for_client(session);
  kept.inside_for_backend = kept_for_backend();
  kept.for_client = to_client_.direction.pending() + (session.client.valid() ? session.unacknowledged() : 0);
  kept.for_backend = to_backend_.direction.pending() + to_backend_.direction.first_left() +
                     (backend_.stream.valid() ? backend_.unacknowledged() : 0);
  return kept;
}

bool ProxyTraffic::at_rest(const Session& session) const {
  const Kept all = kept(session);
  return all.for_client == 0 && all.for_backend == 0 && session.unread() == 0 && backend_.unread() == 0;
}

void ProxyTraffic::count(const Carried& more, std::size_t worker) {
  if (more.to_backend == 0 && more.from_backend == 0) return;
  backend_.lease->counters(worker).add_bytes(more);
}

}  // namespace weir
