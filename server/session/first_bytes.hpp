#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "server/session/session.hpp"

namespace weir {

/// How far looking at a client's first bytes has come.
enum class Progress : std::uint8_t { incomplete, complete, over };

/// What the bytes that have come so far mean.
struct Decision {
  Progress progress = Progress::incomplete;
  std::size_t consumed = 0;  ///< complete: bytes that are taken off the connection; those behind them stay there
};

/// Looks at what a client sends before anybody decides who gets it. It is peeked at, so that no byte behind it is
/// consumed.
class FirstBytes {
 public:
  /// `longest` is the most that is ever looked at.
  FirstBytes(Session& session, std::size_t longest) : session_(session), longest_(longest) {}

  /// Looks on: `decide(bytes)` is called with all that has come, and `at_end(any)` where a FIN stands behind it; both
  /// return how far that is, and end the session where it is over. More than once where not all could be seen.
  template <typename Decide, typename AtEnd>
  Progress look(Decide decide, AtEnd at_end);

  /// Bytes that had to be taken, because no more would have come otherwise, and that nobody has consumed.
  std::vector<std::byte>& taken() { return taken_; }

 private:
  Session& session_;
  const std::size_t longest_;
  std::vector<std::byte> taken_;
};

/// While a prefix is incomplete, all that was seen belongs to it, and is moved into `taken_` if no more would come
/// otherwise: peeking never gets past an urgent mark (tcp(7)) or descriptors that were passed along (unix(7)), and the
/// sender on a unix socket is charged for each piece until it is read. A read without room for descriptors closes them.
template <typename Decide, typename AtEnd>
Progress FirstBytes::look(Decide decide, AtEnd at_end) {
  using Status = io::IoResult::Status;
  io::Stream& client = session_.client;
  const auto buffer = session_.scratch().first(longest_);
  std::copy(taken_.begin(), taken_.end(), buffer.begin());
  while (client.readable()) {
    const auto rest = buffer.subspan(taken_.size());
    const io::IoResult got = client.peek(rest);
    if (got.status == Status::failed) {
      session_.end_with(end_of_error(true, got.error));
      return Progress::over;
    }
    if (got.status == Status::would_block) return Progress::incomplete;
    if (got.status == Status::end) return at_end(!taken_.empty());
    const Decision decision = decide(buffer.first(taken_.size() + got.bytes));
    if (decision.progress == Progress::over) return Progress::over;
    if (decision.progress == Progress::complete) {
      if (decision.consumed > 0) {
        client.read(rest.first(decision.consumed - taken_.size()));
        taken_.clear();
      }
      return Progress::complete;
    }
    if (session_.peer.is_inet() && client.unread() == got.bytes && client.await_more()) return Progress::incomplete;
    const io::IoResult piece = client.read(rest.first(got.bytes));
    taken_.insert(taken_.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(piece.bytes));
  }
  return Progress::incomplete;
}

}  // namespace weir
