#pragma once

#include <concepts>
#include <optional>

#include "common/net.hpp"
#include "server/observe/session_record.hpp"
#include "server/session/session.hpp"

namespace weir {

/// What a turn of a connection came to.
struct Turn {
  bool moved = false;                            ///< a byte or a FIN
  bool half_closed = false;                      ///< one side's FIN was read
  bool unfinished = false;                       ///< there is more to do, but others have their turn first
  bool over = false;                             ///< nothing is left to do
  std::optional<SessionEnd> end = std::nullopt;  ///< why the connection ends; the first cause wins
  Session::Time due = Session::Time::max();      ///< when another turn is wanted, whatever happens
};

inline Turn over(SessionEnd why) { return {.over = true, .end = why}; }

/// What a service keeps of a connection, and what it does with its bytes. run_session() waits between the turns and
/// keeps the time.
template <typename T, typename Service>
concept Traffic = std::constructible_from<T, const Service&> &&
                  requires(T traffic, const T& const_traffic, Session& session, SessionRecord& record) {
                    /// Moves what can be moved now, a bounded share of it.
                    { traffic.turn(session) } -> std::same_as<Turn>;
                    /// The session must end whatever moves: closes what is the service's own. The client's socket is
                    /// left to the session.
                    traffic.cut(session);
                    /// Says what it carried, and with whom.
                    const_traffic.describe(record);
                  };

/// Traffic that needs a backend before its first turn. connect() may end the session instead.
template <typename T>
concept Connects = requires(T traffic, Session& session) {
  { traffic.connect(session) } -> std::same_as<net::awaitable<void>>;
};

}  // namespace weir
