#pragma once

#include <concepts>
#include <optional>

#include "common/net.hpp"
#include "server/observe/session_record.hpp"
#include "server/session/session.hpp"

namespace weir {

/// The result of a connection's turn.
struct Turn {
  bool moved = false;                            ///< a byte was read or written
  bool half_closed = false;                      ///< one side's FIN has been read, in this turn or before
  bool unfinished = false;                       ///< there is more to do, but others have their turn first
  bool over = false;                             ///< nothing is left to do
  std::optional<SessionEnd> end = std::nullopt;  ///< why the connection ends; the first cause wins
  Session::Time due = Session::Time::max();      ///< when the next turn is needed at the latest
};

/// The last turn, after which nothing is left to do.
inline Turn end_turn(SessionEnd why) { return {.over = true, .end = why}; }

/// A service's state for one connection, and what it does with the bytes. run_session() waits between the turns and
/// enforces the time limits.
template <typename T, typename Service>
concept Traffic = std::constructible_from<T, const Service&> &&
                  requires(T traffic, const T& const_traffic, Session& session, SessionRecord& record) {
                    /// Moves a bounded share of what can be moved now.
                    { traffic.turn(session) } -> std::same_as<Turn>;
                    /// The session must end, even if bytes still move: counts what is lost, and closes what belongs to
                    /// the service. The session closes the client's socket.
                    traffic.cut(session);
                    /// Writes what it carried, and with whom, into the record.
                    const_traffic.describe(record);
                  };

/// Traffic that needs a backend before its first turn. connect() may end the session instead.
template <typename T>
concept Connects = requires(T traffic, Session& session) {
  { traffic.connect(session) } -> std::same_as<net::awaitable<void>>;
};

}  // namespace weir
