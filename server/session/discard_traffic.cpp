#include "server/session/discard_traffic.hpp"

#include "server/session/direction.hpp"

namespace weir {

Turn DiscardTraffic::turn(Session& session) {
  return session.tls ? turn_on(session, *session.tls) : turn_on(session, session.client);
}

void DiscardTraffic::shape(const Session& session, bool /*begins*/) {
  WayTerms terms = session.shaping->terms(true, false);
  if (shaper_) {
    shaper_->renew(std::move(terms), read_, session.now());
  } else if (!terms.empty()) {
    shaper_ = std::make_unique<Shaper>(std::move(terms), read_, session.now());
  }
}

template <typename Stream>
Turn DiscardTraffic::turn_on(Session& session, Stream& client) {
  if (cut_by_) return end_client(session, client, *cut_by_);
  Turn turn;
  const std::uint64_t before = read_ + session.moved_records();
  if (shaper_) shaper_->begin_turn(session.now());
  client.flush();  // answers of TLS to the client's key updates
  bool is_held_back = false;
  const std::uint64_t turn_end = read_ + Direction::kTurnBytes;
  for (int reads = 0; client.readable() && read_ < turn_end && reads < Direction::kTurnReads; ++reads) {
    std::size_t most = io::EventLoop::kScratchSize;
    if (shaper_) most = shaper_->may_read(read_, most, [&client] { return client.at_hand(); });
    if (most == 0) {
      is_held_back = true;
      break;
    }
    const io::IoResult got = client.read(session.scratch().first(most));
    if (got.status == io::IoResult::Status::end) {
      client.finish(io::Closes::now);
      return end_turn(session.client_truncated() ? SessionEnd::client_truncated : SessionEnd::client_closed);
    }
    if (got.status == io::IoResult::Status::failed) return end_turn(end_of_error(true, got.error));
    read_ += got.bytes;
    if (shaper_) shaper_->did_read(got.bytes, client.readable());
  }
  turn.moved = read_ + session.moved_records() != before;
  turn.unfinished = client.readable() && !is_held_back;
  if (!shaper_) return turn;
  turn.soon = shaper_->due();
  if (const auto cut = shaper_->cut(read_, 0)) {
    cut_by_ = ClientCut{*cut};
    return begin_to_end_client(session, client, *cut_by_);
  }
  if (is_held_back && client.failed()) return end_turn(end_of_error(true, session.client.take_error()));
  return turn;
}

}  // namespace weir
