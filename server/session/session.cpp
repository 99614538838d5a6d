#include "server/session/session.hpp"

#include <cerrno>
#include <utility>

namespace weir {

namespace {

/// A request and its reply are seldom further apart.
constexpr std::chrono::seconds kIdle{1};

void say_refused(const ListenerContext& context, SessionEnd why, Session::Time now) {
  const std::uint64_t times = context.resources.refusals.admit(now);
  if (times == 0) return;
  spdlog::warn("listener {}: a connection was refused: {}{}", *context.name, to_string(why),
               times_since_last_said(times));
}

}  // namespace

Session::Session(SessionStart& start)
    : context(std::move(start.context)),
      slot(std::move(start.slot)),
      deadlines(now()),
      peer(start.arrival.client),
      port_offset(start.arrival.port_offset) {
  slot->set_priority(io::Priority::low);  // until it carries: see enter()
  const Gate::Entry entry = context->listener->gate().enter(peer, now());
  id = entry.id;
  number = entry.number;
  end = entry.refused;
  if (end) {
    say_refused(*context, *end, now());
    turned_away = std::move(start.arrival.socket);
    return;
  }
  admitted = true;
  header_due = entry.header_due;
  source_counted = !header_due;
  client = io::Stream(*slot, io::Side::first, std::move(start.arrival.socket), peer.is_inet());
  if (!client.valid()) end = SessionEnd::refused_resources;
}

void Session::admit_source() {
  if (end || source_counted) return;
  end = context->listener->gate().admit(source(), now());
  source_counted = !end;
}

void Session::leave() {
  if (established != 0) context->resources.established.leave(established, now());
  if (!admitted) return;
  std::optional<ClientAddress> whom;
  if (source_counted) whom = source();
  context->listener->gate().leave(whom, end == SessionEnd::shutdown);
}

tls::Stream::Truncation Session::truncation() const {
  const auto& options = config().tls;
  return options && options->truncation == tls::ServerOptions::Truncation::reset ? tls::Stream::Truncation::failure
                                                                                 : tls::Stream::Truncation::end;
}

bool Session::seems_idle() const {
  return !end && deadlines.stage() == Deadlines::Stage::carrying && now() - deadlines.last_activity() >= kIdle;
}

std::optional<SessionEnd> Session::must_end() {
  if (const auto why = static_cast<Interruption>(slot->interruption()); why != Interruption{}) {
    return why == Interruption::killed ? SessionEnd::killed : SessionEnd::shutdown;
  }
  if (!slot->timer_fired()) return std::nullopt;
  return deadlines.overdue(config().timeouts, now());
}

void Session::note_cut(std::size_t kept) {
  cut_inside = cut_inside || kept > 0 || unread() > 0 || deadlines.streaming(now());
}

Mover Session::mover() const {
  const WorkerResources& lent = context->resources;
  io::PipePool* pipes = lent.splice == RelayConfig::Splice::never ? nullptr : &lent.pipes;
  return {scratch(), nullptr, pipes, lent.splice == RelayConfig::Splice::always, now()};
}

SessionEnd end_of_error(bool client_side, int error) {
  if (io::is_exhaustion(error)) return SessionEnd::refused_resources;
  if (error == tls::Stream::kBroken) return SessionEnd::tls_error;
  if (error == tls::Stream::kTruncated) {
    return client_side ? SessionEnd::client_truncated : SessionEnd::server_truncated;
  }
  const bool timed_out = error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH;
  if (client_side) return timed_out ? SessionEnd::client_timeout : SessionEnd::client_reset;
  return timed_out ? SessionEnd::server_timeout : SessionEnd::server_reset;
}

}  // namespace weir
