#include "server/session/direction.hpp"
#include "server/session/session.hpp"

namespace weir {

net::awaitable<SessionEnd> DiscardService::serve(Session& session) const {
  for (;;) {
    std::size_t budget = Direction::kTurnBytes;
    while (session.client.readable() && budget > 0) {
      const io::IoResult got = session.client.read(session.scratch());
      if (got.status == io::IoResult::Status::end) co_return SessionEnd::client_closed;
      if (got.status == io::IoResult::Status::failed) co_return end_of_error(true, got.error);
      session.record.bytes_in += got.bytes;
      budget -= std::min(budget, got.bytes);
    }
    if (budget < Direction::kTurnBytes) session.deadlines.touch(session.loop().now());
    if (session.client.readable()) {
      co_await session.slot->yield();
    } else {
      co_await session.slot->wait();
    }
    if (const std::optional<SessionEnd> why = session.must_end()) co_return *why;
  }
}

}  // namespace weir
