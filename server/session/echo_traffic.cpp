#include "server/session/echo_traffic.hpp"

namespace weir {

namespace {

/// ASCII letters only: what a byte above 0x7f means depends on an unknown encoding.
void to_upper(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) {
    const auto character = std::to_integer<unsigned char>(byte);
    const bool lower = static_cast<unsigned char>(character - 'a') < 26;
    byte = static_cast<std::byte>(character ^ (lower ? 0x20 : 0));
  }
}

}  // namespace

EchoTraffic::EchoTraffic(const EchoService& service)
    : change_(service.transform == EchoConfig::Transform::upper ? to_upper : nullptr) {}

Turn EchoTraffic::turn(Session& session) {
  return session.tls ? turn_on(session, *session.tls) : turn_on(session, session.client);
}

template <typename Stream>
Turn EchoTraffic::turn_on(Session& session, Stream& client) {
  if (cut_by_) return end_client(session, client, *cut_by_);
  const std::uint64_t before = direction_.moved() + session.moved_records();
  const Direction::Outcome outcome =
      direction_.pump(client, client, {session.scratch(), change_, nullptr, false, session.now()});
  if (outcome == Direction::Outcome::ended) {
    // The close_notify may have to wait, and the FIN is the socket's.
    if (!client.finish(io::Closes::now)) return {.half_closed = true};
    return end_turn(session.client_truncated() ? SessionEnd::client_truncated : SessionEnd::client_closed);
  }
  if (outcome == Direction::Outcome::cut) {
    cut_by_ = ClientCut{direction_.cut_by()};
    return begin_to_end_client(session, client, *cut_by_);
  }
  if (Direction::is_failure(outcome)) {
    lost_records_ = static_cast<std::uint32_t>(client.kept());
    return end_turn(end_of_error(true, direction_.error()));
  }
  // While nothing may be read no read tells of a RST.
  if (outcome == Direction::Outcome::waiting && session.shaping && client.failed()) {
    return end_turn(end_of_error(true, direction_.error() != 0 ? direction_.error() : session.client.take_error()));
  }
  // A FIN is read once all before it was sent back, and so ends the echo in the same turn, unless a fault holds it
  // back.
  return {.moved = direction_.moved() + session.moved_records() != before,
          .unfinished = outcome == Direction::Outcome::unfinished,
          .soon = direction_.due()};
}

void EchoTraffic::describe(SessionRecord& record) const {
  record.bytes_in = direction_.read() + direction_.first_left();
  record.bytes_out = direction_.written();
  record.bytes_lost = direction_.pending() + direction_.first_left() + lost_records_;
}

Kept EchoTraffic::kept(const Session& session) const {
  const std::size_t pending = direction_.pending() + direction_.first_left();
  return {.for_client = pending + session.unacknowledged(), .inside_for_client = pending + session.kept_records()};
}

bool EchoTraffic::at_rest(const Session& session) const {
  return kept(session).for_client == 0 && session.unread() == 0;
}

}  // namespace weir
