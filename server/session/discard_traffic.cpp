#include "server/session/discard_traffic.hpp"

#include "server/session/direction.hpp"

namespace weir {

Turn DiscardTraffic::turn(Session& session) {
  return session.tls ? turn_on(session, *session.tls) : turn_on(session, session.client);
}

template <typename Stream>
Turn DiscardTraffic::turn_on(Session& session, Stream& client) {
  Turn turn;
  client.flush();  // answers of TLS to the client's key updates
  const std::uint64_t turn_end = read_ + Direction::kTurnBytes;
  for (int reads = 0; client.readable() && read_ < turn_end && reads < Direction::kTurnReads; ++reads) {
    const io::IoResult got = client.read(session.scratch());
    if (got.status == io::IoResult::Status::end) {
      client.finish(io::Closes::now);
      return end_turn(session.client_truncated() ? SessionEnd::client_truncated : SessionEnd::client_closed);
    }
    if (got.status == io::IoResult::Status::failed) return end_turn(end_of_error(true, got.error));
    turn.moved = turn.moved || got.bytes > 0;
    read_ += got.bytes;
  }
  turn.unfinished = client.readable();
  return turn;
}

}  // namespace weir
