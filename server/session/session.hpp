#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "common/endpoint.hpp"
#include "common/io/event_loop.hpp"
#include "common/io/spare_descriptor.hpp"
#include "common/io/stream.hpp"
#include "common/net.hpp"
#include "server/admission/admission.hpp"
#include "server/admission/gate.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/access_log.hpp"
#include "server/observe/end_counts.hpp"
#include "server/observe/session_record.hpp"
#include "server/session/deadlines.hpp"
#include "server/session/direction.hpp"
#include "server/session/service.hpp"

namespace weir {

class Backend;

/// The kinds of slots on a worker's loop, for interrupt_all().
enum class SlotKind : std::uint8_t { acceptor = 1, session = 2 };

/// Why a session or an acceptor is told to end from outside.
enum class Interruption : std::uint8_t { shutdown = 1 };

/// What all sessions of one listener on one worker share. Outlives them.
struct SessionContext {
  io::EventLoop& loop;
  const ListenerConfig& config;
  Service service;
  Gate& gate;
  Admission& admission;
  AccessLog::Queue& records;
  EndCounts& ends;
  io::SpareDescriptor& spare;
  LogLimiter& refusals;
  io::PipePool& pipes;
  RelayConfig::Splice splice;
};

/// One connection while it lives: what a service sees of it. Belongs to its worker's thread.
struct Session {
  SessionContext& context;
  io::SlotPtr slot;
  io::Stream client;
  SessionRecord record;
  Deadlines deadlines;
  std::unique_ptr<ProxyHeader> header = nullptr;  ///< that the client's side sent, until it was passed on
  const Backend* backend = nullptr;               ///< that it is connected to
  std::uint32_t cuts = 0;                         ///< the backend's, when it was
  std::uint16_t port_offset = 0;                  ///< of the port in the listener's range that the client came to
  bool cut_inside = false;                        ///< it was cut in the middle of something

  io::EventLoop& loop() const { return context.loop; }
  std::span<std::byte> scratch() const { return context.loop.scratch(); }
  /// What a relay moves bytes with, until the next suspension.
  Mover mover() const;

  /// After a wait: why the session must end now, if it must. Keeps the slot's deadline current.
  std::optional<SessionEnd> must_end();
  /// Who the client is: whom a PROXY header names, or who connected.
  const ClientAddress& source() const { return record.proxied_client ? *record.proxied_client : record.client; }
  /// Where it is cut (time-outs, lifetime, shutdown): notes whether that is in the middle of something, which the other
  /// ends must then be told by a RST. It is where `kept` bytes that were read go nowhere, where some are unread, or
  /// where some moved just now. May be called again, with what another part of the session kept.
  void note_cut(std::size_t kept);
  /// Sets the slot's deadline to the next thing that can be overdue.
  void arm();
};

/// The whole life of a connection on the worker that it was given to: admission, service, orderly close, one record,
/// counters. `port_offset` says which port of the listener's range it came to. Promises not to throw: where spawning it
/// throws, it has not begun, and the socket is still in `arrived`, which it empties at its very begin and no later.
net::awaitable<void> run_session(SessionContext& context, io::SlotPtr slot, io::StreamSocket& arrived,
                                 ClientAddress client, std::uint16_t port_offset = 0);

/// Ends a connection that never became a session, with a RST and a record.
void refuse_connection(SessionContext& context, io::StreamSocket socket, const ClientAddress& client, std::uint64_t id,
                       SessionEnd why);

/// What an error on one side of a connection is called. `client_side` false means the backend's.
SessionEnd end_of_error(bool client_side, int error);

}  // namespace weir
