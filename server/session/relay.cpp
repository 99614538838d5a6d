#include "server/session/relay.hpp"

#include <algorithm>
#include <cerrno>

#include "server/session/direction.hpp"

namespace weir {

namespace {

using Outcome = Direction::Outcome;

/// How often a send queue is asked whether it is empty: no event says so.
constexpr auto kSendQueuePoll = io::TimerWheel::kTick;

/// A direction of a relay, and whether its FIN was passed on.
struct Way {
  Direction direction;
  bool finished = false;

  /// The FIN of the way that ends last goes out as the sink is closed, which follows at once.
  Outcome forward(io::Stream& source, io::Stream& sink, const Mover& mover, const Way& other) {
    if (finished) return Outcome::ended;
    const Outcome outcome = direction.pump(source, sink, mover);
    if (outcome == Outcome::ended) {
      if (!other.finished) sink.shutdown_write();
      finished = true;
    }
    return outcome;
  }
};

struct Ways {
  Way upstream;    ///< client to backend
  Way downstream;  ///< backend to client

  std::uint64_t moved() const {
    return upstream.direction.read() + upstream.direction.written() + downstream.direction.read() +
           downstream.direction.written();
  }
  std::size_t pending() const { return upstream.direction.pending() + downstream.direction.pending(); }
};

bool is_failure(Outcome outcome) { return outcome == Outcome::source_failed || outcome == Outcome::sink_failed; }

/// The side that failed, and why.
struct Failure {
  bool client_side;
  int error;
};

std::optional<Failure> find_failure(const Ways& ways, Outcome upstream, Outcome downstream, const io::Stream& client,
                                    const io::Stream& backend) {
  if (is_failure(upstream)) return Failure{upstream == Outcome::source_failed, ways.upstream.direction.error()};
  if (is_failure(downstream)) return Failure{downstream == Outcome::sink_failed, ways.downstream.direction.error()};
  // A side may fail while the other one's full queue keeps us from reading it.
  if (client.failed()) return Failure{true, client.take_error()};
  if (backend.failed()) return Failure{false, backend.take_error()};
  return std::nullopt;
}

/// One side failed: what it had sent before goes to the survivor first, whose send queue must run empty before its
/// socket may be reset. Returns how many bytes did not make it.
net::awaitable<std::size_t> deliver_last(Session& session, Way& way, io::Stream& dead, io::Stream& survivor) {
  const milliseconds patience = session.context.config.timeouts.half_close;
  const Deadlines::Time deadline =
      std::min(session.deadlines.lifetime_end(),
               patience.count() == 0 ? Deadlines::Time::max() : session.loop().now() + patience);
  for (;;) {
    const Outcome outcome = way.finished ? Outcome::ended : way.direction.pump(dead, survivor, session.mover());
    if (outcome == Outcome::sink_failed || survivor.failed()) co_return way.direction.pending();
    const bool forwarded = outcome == Outcome::ended || outcome == Outcome::source_failed;
    if (forwarded && survivor.unacknowledged() == 0) co_return 0;
    if (session.slot->interruption() != 0 || session.loop().now() >= deadline) break;
    session.slot->set_deadline(forwarded ? std::min(deadline, session.loop().now() + kSendQueuePoll) : deadline);
    if (outcome == Outcome::unfinished) {
      co_await session.slot->yield();
    } else {
      co_await session.slot->wait();
    }
    session.slot->timer_fired();
  }
  // A FIN that was sent counts as a byte of the send queue, and a PROXY header is not the client's.
  const auto queued = static_cast<std::size_t>(
      std::min<std::uint64_t>(survivor.unacknowledged(), way.direction.written() + (way.finished ? 1 : 0)));
  co_return way.direction.pending() + queued - (way.finished && queued > 0 ? 1 : 0);
}

}  // namespace

net::awaitable<SessionEnd> relay(Session& session, io::Stream& backend) {
  io::Stream& client = session.client;
  Ways ways;
  SessionEnd end = SessionEnd::client_closed;
  std::size_t lost = 0;
  bool client_ended_first = false;
  for (;;) {
    const std::uint64_t before = ways.moved();
    const Outcome upstream = ways.upstream.forward(client, backend, session.mover(), ways.downstream);
    const Outcome downstream = is_failure(upstream)
                                   ? Outcome::waiting
                                   : ways.downstream.forward(backend, client, session.mover(), ways.upstream);
    if (ways.moved() != before) session.deadlines.touch(session.loop().now());

    if (const auto failure = find_failure(ways, upstream, downstream, client, backend)) {
      end = end_of_error(failure->client_side, failure->error);
      if (failure->client_side) {
        lost = ways.downstream.direction.pending() + co_await deliver_last(session, ways.upstream, client, backend);
      } else {
        lost = ways.upstream.direction.pending() + co_await deliver_last(session, ways.downstream, backend, client);
      }
      backend.reset();
      break;
    }
    if (!session.deadlines.half_closed() &&
        (ways.upstream.direction.source_ended() || ways.downstream.direction.source_ended())) {
      client_ended_first = ways.upstream.direction.source_ended();
      session.deadlines.half_close(session.loop().now());
      session.arm();
    }
    if (ways.upstream.finished && ways.downstream.finished) {
      end = client_ended_first ? SessionEnd::client_closed : SessionEnd::server_closed;
      backend.close();
      break;
    }
    if (upstream == Outcome::unfinished || downstream == Outcome::unfinished) {
      co_await session.slot->yield();
    } else {
      co_await session.slot->wait();
    }
    if (const auto why = session.must_end()) {
      end = *why;
      lost = ways.pending();
      session.note_cut(lost + backend.unread());
      if (session.cut_inside) backend.reset();
      backend.close();
      break;
    }
  }
  session.record.bytes_in = ways.upstream.direction.read();
  session.record.bytes_out = ways.downstream.direction.written();
  session.record.bytes_lost = lost;
  co_return end;
}

}  // namespace weir
