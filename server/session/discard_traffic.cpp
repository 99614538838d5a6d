#include "server/session/discard_traffic.hpp"

#include "server/session/direction.hpp"

namespace weir {

Turn DiscardTraffic::turn(Session& session) {
  Turn turn;
  for (const std::uint64_t turn_end = read_ + Direction::kTurnBytes; session.client.readable() && read_ < turn_end;) {
    const io::IoResult got = session.client.read(session.scratch());
    if (got.status == io::IoResult::Status::end) return end_turn(SessionEnd::client_closed);
    if (got.status == io::IoResult::Status::failed) return end_turn(end_of_error(true, got.error));
    turn.moved = turn.moved || got.bytes > 0;
    read_ += got.bytes;
  }
  turn.unfinished = session.client.readable();
  return turn;
}

}  // namespace weir
