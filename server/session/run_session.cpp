#include "server/session/run_session.hpp"

#include <exception>
#include <new>
#include <utility>
#include <variant>
#include <vector>

#include "server/session/begin_tls.hpp"
#include "server/session/discard_traffic.hpp"
#include "server/session/echo_traffic.hpp"
#include "server/session/header_reader.hpp"
#include "server/session/life.hpp"
#include "server/session/proxy_traffic.hpp"
#include "server/session/shape_session.hpp"
#include "server/session/tcp_figures.hpp"
#include "server/session/traffic.hpp"

namespace weir {

namespace {

using Stage = Deadlines::Stage;

bool is_orderly(SessionEnd end) { return end == SessionEnd::client_closed || end == SessionEnd::server_closed; }

bool is_cut(SessionEnd end) {
  return end == SessionEnd::idle_timeout || end == SessionEnd::half_close_timeout || end == SessionEnd::lifetime ||
         end == SessionEnd::shutdown || end == SessionEnd::killed;
}

/// A FIN without close_notify that counts as an end.
bool is_accepted_truncation(const Session& session, SessionEnd end) {
  return (end == SessionEnd::client_truncated || end == SessionEnd::server_truncated) &&
         session.truncation() == tls::Stream::Truncation::end;
}

/// A FIN says that all was delivered, so the client gets one only if that is true. So does close_notify, which a client
/// that is cut between two messages gets here.
void close_client(Session& session, SessionEnd end, std::size_t lost) {
  const bool in_order = is_orderly(end) || end == SessionEnd::drained || is_accepted_truncation(session, end);
  if (is_cut(end)) session.note_cut(lost);
  const bool whole = (in_order || (is_cut(end) && !session.cut_inside)) && lost == 0;
  if (whole && session.tls && session.tls->is_open()) session.tls->finish(io::Closes::now);
  if (whole || session.close_softly) {
    session.client.close();
  } else {
    session.client.reset();
  }
}

void write_record(const ListenerContext& context, SessionRecord record) {
  record.listener = context.name;
  record.ended_at = std::chrono::system_clock::now();
  context.resources.records.push(std::move(record));
}

/// Orderly close, one record, counters. What the service holds is released first.
template <typename Traffic>
void conclude(Session& session, std::optional<Traffic>& traffic) {
  const ListenerContext& context = *session.context;
  SessionEnd end = session.end.value_or(SessionEnd::internal_error);
  const bool draining = context.resources.admission.draining();
  if (draining && is_orderly(end)) end = SessionEnd::drained;
  SessionRecord record;
  traffic->describe(record);
  traffic.reset();
  if (session.tls) {
    context.tls_counters->add_key_updates(session.tls->key_updates());
    if (session.client_truncated()) context.tls_counters->add_truncated();
  }
  record.id = session.id;
  record.client = session.peer;
  if (session.proxied) record.proxied_client = session.proxied->client;
  if (session.tls) session.tls_facts->alert = session.tls->alert();
  record.tls = session.tls_facts;
  if (session.shaping) record.faults = session.shaping->facts();
  record.end = end;
  record.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(io::Clock::now() - session.deadlines.started());
  const bool recorded = context.resources.records.wants(end, session.now());
  if (recorded && session.client.valid()) {
    if (const auto figures = read_tcp_figures(session.client.fd())) {
      record.rtt_us = figures->rtt_us;
      record.retransmits = figures->retransmits;
    }
  }
  if (draining && session.admitted) {
    context.resources.admission.note_end({.id = session.id,
                                          .listener = context.name,
                                          .backend = record.backend,
                                          .client = session.source(),
                                          .end = end,
                                          .closed_idle = session.end == SessionEnd::drained});
  }
  close_client(session, end, record.bytes_lost);
  context.counters.add_end(end, record.duration);
  if (recorded) write_record(context, std::move(record));
  session.turned_away.reset();
}

/// The end of a session after an exception, such as out of memory. Call within a catch.
SessionEnd end_of_exception(const Session& session) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return SessionEnd::refused_resources;
  } catch (const std::exception& error) {
    spdlog::error("connection {} of listener {}: {}", session.id, *session.context->name, error.what());
    return SessionEnd::internal_error;
  }
}

/// How a session goes on: with a wait, with a wait that ends once others have had their turn, or not at all.
enum class Next : std::uint8_t { wait, yield, over };

/// Calls `move`, and counts what the connection carried meanwhile.
template <typename Traffic, typename Move>
auto counted(const Session& session, Traffic& traffic, Move move) {
  const CarriedCount<Traffic> count(session, traffic);
  return move();
}

/// Does what others have left for the session to do. Returns whether it is over.
template <typename Traffic>
bool heed_notices(Session& session, Traffic& traffic) {
  const Session::Notices notices = std::exchange(session.notices, {});
  if (notices.reshape && renew_shaping(session)) traffic.shape(session, false);
  if (!notices.close_if_idle || !session.seems_idle() || !traffic.at_rest(session)) return false;
  session.end_with(SessionEnd::drained);
  traffic.cut(session);
  return true;
}

/// Everything between two waits once bytes may move: must it end? take a turn, touch, half-close, arm.
template <typename Traffic>
Next carry_on(Session& session, Traffic& traffic) {
  if (session.end && session.deadlines.stage() != Stage::delivering) return Next::over;
  if (const auto why = session.must_end()) {
    session.end_with(*why);
    counted(session, traffic, [&] { traffic.cut(session); });
    return Next::over;
  }
  if (session.notices.any() && heed_notices(session, traffic)) return Next::over;
  const Turn turn = counted(session, traffic, [&] { return traffic.turn(session); });
  if (turn.end) session.end_with(*turn.end);
  if (turn.over) return Next::over;
  if (turn.moved) session.deadlines.touch(session.now());
  if (turn.half_closed && session.deadlines.stage() == Stage::carrying) session.enter(Stage::half_closed);
  if (turn.soon != Session::Time::max()) {
    session.wait_finely(turn.soon, turn.due);
  } else if (!session.slot->scheduled() || turn.due != Session::Time::max()) {
    session.arm(turn.due);  // a deadline that traffic has moved back finds that out when it comes
  }
  return turn.unfinished ? Next::yield : Next::wait;
}

/// The same, and what follows once it is over: then there is no traffic any more.
template <typename Kind>
Next advance(Life<Kind>& session) {
  auto& traffic = session.traffic;
  if (traffic) {
    Next next = Next::over;
    try {
      next = carry_on(session, *traffic);
    } catch (...) {
      session.end_with(end_of_exception(session));
    }
    if (next != Next::over) return next;
    conclude(session, traffic);
  }
  return session.slot->waited() ? Next::over : Next::yield;  // if it never waited, Asio would allocate at its end
}

/// Whether more than a connect has to happen before bytes may move.
bool has_prelude(const Session& session) {
  const Listener& listener = *session.context->listener;
  return !session.end && (session.header_due || listener.shaping().is_active() || listener.looks_at_first_bytes());
}

/// Who the client is, what it meets, TLS on its side, and where it leads. A coroutine of its own, so that the frames of
/// those that have nothing of it have no room for it.
template <typename Kind>
net::awaitable<void> run_prelude(Life<Kind>& session) {
  const Listener& listener = *session.context->listener;
  if (session.header_due) co_await receive_proxy_header(session);
  session.admit_source();
  if (listener.shaping().is_active() && !session.end) begin_shaping(session);
  if (listener.looks_at_first_bytes() && !session.end) {
    const std::vector<std::byte> first = co_await begin_tls(session);
    if (!session.end && !first.empty()) session.traffic->begin_with(first);
  }
  if (session.shaping && !session.end) co_await await_service(session);
}

/// The life of a connection, from top to bottom.
template <typename Kind>
net::awaitable<void> serve(SessionStart& start) {
  Life<Kind> session(start);
  session.context->counters.add_begin();
  try {
    if (has_prelude(session)) co_await run_prelude(session);
    if constexpr (Connects<typename Kind::Traffic>) {
      if (!session.end) session.enter(Stage::connecting);
      if (!session.end) co_await session.traffic->connect(session);
    }
    if (!session.end) session.enter(Stage::carrying);
    if (session.shaping && !session.end) session.traffic->shape(session, true);
  } catch (...) {
    session.end_with(end_of_exception(session));
  }
  session.context->counters.add_bytes(session.traffic->carried());  // what a client sent that left early
  for (Next next = advance(session); next != Next::over; next = advance(session)) {
    co_await session.slot->wait(next == Next::yield);
  }
  session.leave();
}

}  // namespace

net::awaitable<void> run_session(SessionStart& start) {
  return std::visit([&start]<typename Kind>(const Kind&) { return serve<Kind>(start); },
                    start.context->listener->service());
}

void refuse_connection(ListenerContext& context, Arrival arrival, std::uint64_t id, SessionEnd why) {
  context.counters.add_begin();
  context.counters.add_end(why, {});  // first, so that a client that sees the refusal has been counted
  arrival.socket.reset();
  if (!context.resources.records.wants(why, context.resources.loop.now())) return;
  SessionRecord record;
  record.id = id;
  record.client = arrival.client;
  record.end = why;
  write_record(context, std::move(record));
}

}  // namespace weir
