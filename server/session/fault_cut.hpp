#pragma once

#include <cstddef>
#include <span>

#include "common/io/stream.hpp"
#include "server/session/direction.hpp"
#include "server/session/traffic.hpp"
#include "server/shaping/shaper.hpp"

namespace weir {

/// Whether one side of a connection that a fault ends has got its end.
struct Settled {
  bool done = false;
  bool unfinished = false;  ///< there is more to throw away, but others have their turn first
};

/// One step towards the end of a side, which is as good as through where it fails. A RST waits until the side has
/// acknowledged what it was sent, so that exactly that arrives. A FIN is sent at once; what the side sends on is thrown
/// away until it ends as well, because closing a socket that holds unread bytes would reset it (RFC 2525, 2.17).
///
/// `finished`: it was sent its FIN, which is said once: each shutdown(2) is an event of its own.
template <typename Stream>
Settled settle(Shaper::Cut how, Stream& side, bool& finished, std::span<std::byte> scratch) {
  if (side.failed() || side.flush() != 0) return {.done = true};
  if (how != Shaper::Cut::end) return {.done = side.unacknowledged() == 0};
  if (!finished) finished = side.finish(io::Closes::later);  // a full socket says so once it is writable
  for (int reads = 0; reads < Direction::kTurnReads; ++reads) {
    if (!side.readable()) return {};
    const io::IoResult got = side.read(scratch);
    if (got.status == io::IoResult::Status::end || got.status == io::IoResult::Status::failed) return {.done = true};
  }
  return {.unfinished = true};
}

/// When to look again at sides that are not done: no event says that a side has acknowledged everything. It is mostly
/// soon, and a side that takes long is asked less often.
inline Turn settle_later(const Session& session, Shaper::Cut how, bool unfinished) {
  constexpr std::chrono::milliseconds kOften{1};
  constexpr std::chrono::milliseconds kMostlyDone{20};
  Turn turn{.unfinished = unfinished};
  if (how == Shaper::Cut::end) return turn;
  if (session.now() - session.deadlines.last_activity() < kMostlyDone) {
    turn.soon = session.now() + kOften;
  } else {
    turn.due = session.now() + io::TimerWheel::kTick;
  }
  return turn;
}

inline SessionEnd end_of_cut(Shaper::Cut how) {
  return how == Shaper::Cut::end ? SessionEnd::fault_end : SessionEnd::fault_reset;
}

/// That a fault ends a connection which has a client alone, and how far that has come.
struct ClientCut {
  Shaper::Cut how;
  bool finished = false;
};

/// A turn of such a connection.
template <typename Stream>
Turn end_client(Session& session, Stream& client, ClientCut& cut) {
  if (cut.how != Shaper::Cut::reset) {
    const Settled settled = settle(cut.how, client, cut.finished, session.scratch());
    if (!settled.done) return settle_later(session, cut.how, settled.unfinished);
  }
  session.close_softly = cut.how == Shaper::Cut::end;
  return {.over = true};
}

/// The first of them.
template <typename Stream>
Turn begin_to_end_client(Session& session, Stream& client, ClientCut& cut) {
  session.enter(Deadlines::Stage::delivering);
  Turn turn = end_client(session, client, cut);
  turn.end = end_of_cut(cut.how);
  return turn;
}

}  // namespace weir
