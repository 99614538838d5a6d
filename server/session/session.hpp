#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "common/endpoint.hpp"
#include "common/io/event_loop.hpp"
#include "common/io/stream.hpp"
#include "common/proxy_protocol.hpp"
#include "server/observe/session_record.hpp"
#include "server/session/deadlines.hpp"
#include "server/session/direction.hpp"
#include "server/session/listener_context.hpp"

namespace weir {

/// The kinds of slots on a worker's loop, for interrupt_all().
enum class SlotKind : std::uint8_t { acceptor = 1, session = 2 };

/// Why a session or an acceptor is told to end from outside.
enum class Interruption : std::uint8_t { shutdown = 1 };

/// A connection that was accepted and is no session yet.
struct Arrival {
  io::StreamSocket socket;
  ClientAddress client;
  std::uint16_t port_offset = 0;  ///< of the port in the listener's range that it came to
};

/// What a session starts with.
struct SessionStart {
  ListenerContextPtr context;
  io::SlotPtr slot;
  Arrival arrival;
};

/// What a PROXY header said of a connection.
struct ProxiedClient {
  ClientAddress client;
  std::unique_ptr<ProxyHeader> header;  ///< until it was passed on
};

/// One connection while it lives, as the stages of its life and its service see it. Belongs to its worker's thread.
/// Idle connections are many: what is known only at the end stands in the record and not here.
struct Session {
  using Time = Deadlines::Time;

  /// Takes all that it starts with, and asks the listener's gate whether it may come in: `end` says why not.
  explicit Session(SessionStart& start);

  const ListenerContextPtr context;
  const io::SlotPtr slot;
  io::Stream client;
  Deadlines deadlines;
  std::uint64_t id = 0;
  std::unique_ptr<ProxiedClient> proxied;  ///< where a PROXY header named one
  const ClientAddress peer;                ///< who connected
  io::StreamSocket turned_away;            ///< the socket of a client that may not come in, until that was counted
  const std::uint16_t port_offset;
  bool admitted = false;          ///< by the peer stage, so that it must leave
  bool header_due = false;        ///< a PROXY header says who the client is
  bool counted = false;           ///< by the source stage, too
  bool cut_inside = false;        ///< it was cut in the middle of something
  std::optional<SessionEnd> end;  ///< why it is over; see end_with()

  const ListenerConfig& config() const { return context->listener->config(); }
  io::EventLoop& loop() const { return context->resources.loop; }
  Time now() const { return loop().now(); }
  std::span<std::byte> scratch() const { return loop().scratch(); }
  /// What bytes are moved with, until the next suspension.
  Mover mover() const;
  /// Who the client is: whom a PROXY header names, or who connected.
  const ClientAddress& source() const { return proxied ? proxied->client : peer; }

  /// The first cause wins.
  void end_with(SessionEnd why) {
    if (!end) end = why;
  }
  /// Where a PROXY header was due: asks the gate about the source that it named, or ends the session.
  void admit_source();
  /// Tells the gate that it is gone. Once, as its very last.
  void leave();

  /// Has the next wait end when something is due: what `deadlines` say, or `due`. Here alone a session's deadlines
  /// meet.
  void arm(Time due = Time::max()) {
    due = std::min(due, deadlines.next(config().timeouts));
    if (due != Time::max()) slot->set_deadline(due);
  }
  /// Suspends until something happens to its sockets, it is interrupted, or something is due.
  auto wait_until(Time due) {
    arm(due);
    return slot->wait();
  }

  /// After a wait: why the session must end now, whatever its sockets say, if it must.
  std::optional<SessionEnd> must_end();
  /// Where it is cut (time-outs, lifetime, shutdown): notes whether that is in the middle of something, which the other
  /// ends must then be told by a RST. It is where `kept` bytes that were read go nowhere, where some are unread, or
  /// where some moved just now. May be called again, with what another part of the session kept.
  void note_cut(std::size_t kept);
};

/// What an error on one side of a connection is called. `client_side` false means the backend's.
SessionEnd end_of_error(bool client_side, int error);

}  // namespace weir
