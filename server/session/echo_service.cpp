#include "server/session/direction.hpp"
#include "server/session/session.hpp"

namespace weir {

namespace {

/// ASCII letters only: what a byte above 0x7f means depends on an encoding that nobody told us.
void to_upper(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) {
    const auto character = std::to_integer<unsigned char>(byte);
    const bool lower = static_cast<unsigned char>(character - 'a') < 26;
    byte = static_cast<std::byte>(character ^ (lower ? 0x20 : 0));
  }
}

}  // namespace

net::awaitable<SessionEnd> EchoService::serve(Session& session) const {
  const Transform change = transform == EchoConfig::Transform::upper ? to_upper : nullptr;
  Direction direction;
  SessionEnd end = SessionEnd::client_closed;
  for (;;) {
    const std::uint64_t before = direction.read() + direction.written();
    const Direction::Outcome outcome = direction.pump(session.client, session.client, {session.scratch(), change});
    if (direction.read() + direction.written() != before) session.deadlines.touch(session.loop().now());
    if (outcome == Direction::Outcome::ended) break;
    if (outcome == Direction::Outcome::source_failed || outcome == Direction::Outcome::sink_failed) {
      end = end_of_error(true, direction.error());
      break;
    }
    if (direction.source_ended() && !session.deadlines.half_closed()) {
      session.deadlines.half_close(session.loop().now());
      session.arm();
    }
    if (outcome == Direction::Outcome::unfinished) {
      co_await session.slot->yield();
    } else {
      co_await session.slot->wait();
    }
    if (const std::optional<SessionEnd> why = session.must_end()) {
      end = *why;
      break;
    }
  }
  session.record.bytes_in = direction.read();
  session.record.bytes_out = direction.written();
  session.record.bytes_lost = direction.pending();
  co_return end;
}

}  // namespace weir
