#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/net.hpp"
#include "server/observe/carried.hpp"
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
  Session::Time soon = Session::Time::max();     ///< the same where a tick of the wheel would be too late
};

/// The last turn, after which nothing is left to do.
inline Turn end_turn(SessionEnd why) { return {.over = true, .end = why}; }

/// Bytes that were read for a side and that it has not acknowledged.
struct Kept {
  std::uint64_t for_client = 0;
  std::uint64_t for_backend = 0;
  /// Of these, what stands in this process, because the side's socket takes no more.
  std::uint64_t inside_for_client = 0;
  std::uint64_t inside_for_backend = 0;
};

/// A service's state for one connection, and what it does with the bytes. run_session() waits between the turns and
/// enforces the time limits.
template <typename T, typename Service>
concept Traffic = std::constructible_from<T, const Service&> &&
                  requires(T traffic, const T& const_traffic, Session& session, const Session& const_session,
                           SessionRecord& record, std::span<const std::byte> bytes) {
                    /// Bytes of the client that were read before, while it was found out who it is. Before the first
                    /// turn.
                    traffic.begin_with(bytes);
                    /// From now on the ways keep to the terms of the session's shaping; `true` before the first
                    /// turn. Throws std::bad_alloc.
                    traffic.shape(session, true);
                    /// Moves a bounded share of what can be moved now.
                    { traffic.turn(session) } -> std::same_as<Turn>;
                    /// The session must end, even if bytes still move: counts what is lost, and closes what belongs to
                    /// the service. The session closes the client's socket.
                    traffic.cut(session);
                    /// Writes what it carried, and with whom, into the record. May be called at any time.
                    const_traffic.describe(record);
                    /// The bytes that describe() will report, and those to and from the backend.
                    { const_traffic.carried() } -> std::same_as<Carried>;
                    /// Asks the kernel what its sockets still hold.
                    { const_traffic.kept(const_session) } -> std::same_as<Kept>;
                    /// Whether no byte is under way: none that it keeps, none unread, none unacknowledged. Asks the
                    /// kernel.
                    { const_traffic.at_rest(const_session) } -> std::same_as<bool>;
                  };

/// Traffic that needs a backend before its first turn. connect() may end the session instead. count() adds to what the
/// worker counts of the backend.
template <typename T>
concept Connects = requires(T traffic, Session& session, const Carried& more, std::size_t worker) {
  { traffic.connect(session) } -> std::same_as<net::awaitable<void>>;
  traffic.count(more, worker);
};

}  // namespace weir
