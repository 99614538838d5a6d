#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/net.hpp"
#include "server/session/backend_connection.hpp"
#include "server/session/direction.hpp"
#include "server/session/service.hpp"
#include "server/session/traffic.hpp"

namespace weir {

/// A connection of ProxyService: relays between the client and a backend until both directions end or a side fails.
///
///     client ──── to_backend ──▶ backend
///     client ◀─── to_client ──── backend
///
/// A FIN is passed on as a FIN, each direction on its own. A reset or time-out of one side is passed on as a RST, after
/// everything before it: once the other side's send queue is empty or `half_close` has passed.
class ProxyTraffic {
 public:
  explicit ProxyTraffic(const ProxyService& service) : target_(&service) {}

  void begin_with(std::span<const std::byte> bytes) { to_backend_.direction.begin_with(bytes); }

  net::awaitable<void> connect(Session& session);
  void shape(const Session& session, bool begins);
  Turn turn(Session& session);
  void cut(Session& session);
  void describe(SessionRecord& record) const;
  Carried carried() const;
  Kept kept(const Session& session) const;
  bool at_rest(const Session& session) const;
  void count(const Carried& more, std::size_t worker);
  /// Null where the client's first bytes are still to say it.
  const Upstream* upstream() const { return target_->upstream.get(); }

 private:
  /// A direction, and whether its FIN has been passed on.
  struct Way {
    [[no_unique_address]] Direction direction;
    bool finished = false;

    /// The FIN of the way that ends last is sent when the sink is closed, which follows at once.
    template <typename Source, typename Sink>
    Direction::Outcome forward(Source& source, Sink& sink, const Mover& mover, const Way& other);
  };
  enum class Side : std::uint8_t { none, client, backend, neither };

  /// Calls `work(client, backend)` with what their bytes are read from and written to: plain sockets, or TLS over them.
  template <typename Work>
  auto on_streams(Session& session, Work work);

  std::uint64_t moved(const Session& session) const {
    return to_backend_.direction.moved() + to_client_.direction.moved() + session.moved_records() +
           backend_.moved_records();
  }
  /// Bytes that were read and that the sinks' sockets have not taken: plain ones, and the records of TLS.
  std::size_t kept_for_backend() const {
    return to_backend_.direction.pending() + to_backend_.direction.first_left() + backend_.kept_records();
  }
  std::size_t kept_for_client(const Session& session) const {
    return to_client_.direction.pending() + session.kept_records();
  }
  Turn relay(Session& session);
  /// A fault ends the connection, by what that way says.
  Turn begin_end_by_fault(Session& session, const Way& way);
  Turn end_by_fault(Session& session);
  /// Delivers what the failed side had sent to the survivor, whose send queue must be empty before its socket may be
  /// reset.
  Turn deliver_last(Session& session);
  Way& last_way() { return failed_ == Side::client ? to_backend_ : to_client_; }
  template <typename Dead, typename Alive>
  Turn deliver(Session& session, Dead& dead, Alive& alive);
  SessionEnd end_in_order(const Session& session) const;
  void count_truncation(const Session& session) const;
  std::optional<SessionEnd> fail(Side side, int error);
  std::optional<SessionEnd> find_failure(const io::Stream& client, Direction::Outcome to_backend,
                                         Direction::Outcome to_client);

  const ProxyTarget* target_;  ///< the listener's, which the session pins
  BackendConnection backend_;
  Way to_backend_;
  Way to_client_;
  std::size_t lost_ = 0;
  Side failed_ = Side::none;  ///< `neither`: a fault ends it, by `cut_by_`
  Shaper::Cut cut_by_{};
  bool relayed_ = false;  ///< there was a backend
  bool client_ended_first_ = false;
};

}  // namespace weir
