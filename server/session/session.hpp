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
#include "common/tls/stream.hpp"
#include "server/observe/session_record.hpp"
#include "server/session/deadlines.hpp"
#include "server/session/direction.hpp"
#include "server/session/established.hpp"
#include "server/session/listener_context.hpp"
#include "server/session/session_shaping.hpp"

namespace weir {

/// The kinds of slots on a worker's loop, for interrupt_all().
enum class SlotKind : std::uint8_t { acceptor = 1, session = 2, walk = 3 };

/// Why a session or an acceptor is told from outside to end.
/// `leave_queue` is for acceptors: whoever is queued stays there for another process.
enum class Interruption : std::uint8_t { shutdown = 1, killed = 2, leave_queue = 3 };

/// A connection that was accepted but is not a session yet.
struct Arrival {
  io::StreamSocket socket;
  ClientAddress client;
  std::uint16_t port_offset = 0;  ///< place of the port that it came to in the listener's range
};

/// What a session starts with.
struct SessionStart {
  ListenerContextPtr context;
  io::SlotPtr slot;
  Arrival arrival;
};

/// What a PROXY header said about a connection.
struct ProxiedClient {
  ClientAddress client;
  std::unique_ptr<ProxyHeader> header;  ///< until it has been passed on
};

/// One live connection, shared by the stages of its life and its service. Belongs to its worker's thread. There may be
/// many idle ones, so what only the record needs is not kept here.
struct Session {
  using Time = Deadlines::Time;

  /// Takes over `start` and asks the listener's gate whether the client may come in: `end` says why not.
  explicit Session(SessionStart& start);

  const ListenerContextPtr context;
  const io::SlotPtr slot;
  io::Stream client;
  /// Over `client`, if its TLS is terminated here. Null while a HandshakeStep has it, and after one was abandoned.
  std::unique_ptr<tls::Stream> tls;
  tls::FactsPtr tls_facts;
  const ProxyTarget* target = nullptr;        ///< that its first bytes lead to; null = its service's only one
  [[no_unique_address]] Deadlines deadlines;  ///< its padding has room for the flags that follow
  bool admitted : 1 = false;                  ///< by the gate's first stage, so that it must leave
  bool header_due : 1 = false;                ///< a PROXY header says who the client is
  bool source_counted : 1 = false;            ///< by the gate's second stage, for its source, as well
  bool cut_inside : 1 = false;                ///< it was cut in the middle of something
  bool asks_postgres : 1 = false;             ///< the backend gets the request for TLS that the client's hello follows
  bool close_softly : 1 = false;              ///< refused with an answer, which a RST would lose
  Established::Mark established = 0;          ///< since it carries, the worker's Established counts it
  std::uint64_t id = 0;
  std::uint64_t number = 0;                 ///< among the connections that came to the listener
  std::unique_ptr<SessionShaping> shaping;  ///< what is done to its bytes beside carrying them; null for most
  std::unique_ptr<ProxiedClient> proxied;   ///< if a PROXY header named one
  const ClientAddress peer;                 ///< who connected
  io::StreamSocket turned_away;             ///< the socket of a refused client, until the refusal was counted
  const std::uint16_t port_offset;
  /// What another has left for it to look at in its next turn.
  struct Notices {
    bool close_if_idle = false;  ///< its turn in the spread of a drain has come
    bool reshape = false;        ///< the listener's faults or limits of bandwidth are others now
    bool any() const { return close_if_idle || reshape; }
  } notices;
  std::optional<SessionEnd> end;  ///< why it is over; see end_with()

  const ListenerConfig& config() const { return context->listener->config(); }
  io::EventLoop& loop() const { return context->resources.loop; }
  Time now() const { return loop().now(); }
  std::span<std::byte> scratch() const { return loop().scratch(); }
  /// What bytes are moved with, until the next suspension.
  Mover mover() const;
  /// Who the client is: the one that a PROXY header names, or else the peer.
  const ClientAddress& source() const { return proxied ? proxied->client : peer; }

  /// Goes on to a stage of its life, and arms its time limits.
  void enter(Deadlines::Stage stage) {
    // A crowd of newcomers must not hold up those who already talk.
    slot->set_priority(stage < Deadlines::Stage::carrying ? io::Priority::low : io::Priority::normal);
    if (stage == Deadlines::Stage::carrying && established == 0) {
      established = context->resources.established.enter(now());
    }
    deadlines.enter(stage, now());
    arm();
  }
  /// The first cause wins.
  void end_with(SessionEnd why) {
    if (!end) end = why;
  }
  /// If a PROXY header was due: asks the gate about the source that it named, and ends the session if it is refused.
  void admit_source();
  /// Tells the gate that the connection is gone. Once, as the very last step.
  void leave();

  /// Makes the next wait end when something is due: by `deadlines`, or at `due`. The only place where a session's
  /// deadlines meet.
  void arm(Time due = Time::max()) {
    due = std::min(due, deadlines.next(config().timeouts));
    if (due != Time::max()) slot->set_deadline(due);
  }
  /// Makes the next wait end at `soon`, more finely than arm() does, or at `due`. A deadline that is far is the wheel's
  /// until it is near, for fine ones of sessions that are gone stay until their time. Throws std::bad_alloc.
  void wait_finely(Time soon, Time due = Time::max()) {
    if (soon - now() > 4 * io::TimerWheel::kTick) return arm(std::min(due, soon - 2 * io::TimerWheel::kTick));
    arm(due);
    slot->set_fine_deadline(soon);
  }
  /// Suspends until something happens on its sockets, it is interrupted, or something is due.
  auto wait_until(Time due) {
    arm(due);
    return slot->wait();
  }
  auto wait() { return wait_until(Time::max()); }

  /// Bytes that came from the client and were not read, and those to it that it has not acknowledged.
  std::size_t unread() const { return tls ? tls->unread() : client.unread(); }
  std::size_t unacknowledged() const { return tls ? tls->unacknowledged() : client.unacknowledged(); }
  /// Bytes to it that its socket has not taken, and those that it has, as records of TLS.
  std::size_t kept_records() const { return tls ? tls->kept() : 0; }
  std::uint64_t moved_records() const { return tls ? tls->sent() + tls->received() : 0; }
  /// Its FIN came without close_notify.
  bool client_truncated() const { return tls && tls->truncated(); }
  /// What a FIN without close_notify is to its connections, on either side.
  tls::Stream::Truncation truncation() const;

  /// Whether it just carries, and no byte has moved for a while; what its sockets hold is not looked at.
  bool seems_idle() const;

  /// After a wait: if the session must end now, whatever its sockets say, the reason.
  std::optional<SessionEnd> must_end();
  /// When the session is cut (time-outs, lifetime, shutdown): notes whether it is in the middle of something, so that
  /// the peers must get a RST. It is if `kept` bytes were read but not delivered, if some are unread, or if some moved
  /// just now. May be called again, with what another part of the session kept.
  void note_cut(std::size_t kept);
};

/// The end that an error on one side of a connection means. `client_side` false means the backend's side.
SessionEnd end_of_error(bool client_side, int error);

}  // namespace weir
