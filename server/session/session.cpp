#include "server/session/session.hpp"

#include <netinet/tcp.h>

#include <cerrno>
#include <exception>
#include <new>

#include "server/session/header_reader.hpp"
#include "server/upstream/backend.hpp"

namespace weir {

namespace {

net::awaitable<SessionEnd> serve(const Service& service, Session& session) {
  return std::visit([&session](const auto& chosen) { return chosen.serve(session); }, service);
}

void read_tcp_info(const io::Stream& client, SessionRecord& record) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return;
  record.rtt_us = info.tcpi_rtt;
  record.retransmits = info.tcpi_total_retrans;
}

bool was_cut(SessionEnd end) { return end == SessionEnd::shutdown; }

bool is_orderly(SessionEnd end) { return end == SessionEnd::client_closed || end == SessionEnd::server_closed; }

/// A FIN says that all was delivered. Where that is not so, the client must not be told it is.
void close_client(Session& session) {
  const SessionEnd end = session.record.end;
  const bool in_order = is_orderly(end) || end == SessionEnd::drained;
  const bool timed_out =
      end == SessionEnd::idle_timeout || end == SessionEnd::half_close_timeout || end == SessionEnd::lifetime;
  const bool cut = timed_out || was_cut(end);
  if (cut) session.note_cut(session.record.bytes_lost);
  if ((in_order || (cut && !session.cut_inside)) && session.record.bytes_lost == 0) {
    session.client.close();
  } else {
    session.client.reset();
  }
}

void finish_record(SessionRecord& record, AccessLog::Queue& records) {
  record.ended_at = std::chrono::system_clock::now();
  record.duration = std::chrono::duration_cast<std::chrono::microseconds>(io::Clock::now() - record.started);
  records.push(record);
}

SessionRecord begin_record(const SessionContext& context, const ClientAddress& client, std::uint64_t id) {
  SessionRecord record;
  record.started = context.loop.now();
  record.id = id;
  record.listener = &context.config.name;
  record.client = client;
  return record;
}

}  // namespace

net::awaitable<void> run_session(SessionContext& context, io::SlotPtr slot, io::StreamSocket& arrived,
                                 ClientAddress client, std::uint16_t port_offset) {
  io::StreamSocket socket = std::move(arrived);
  const Gate::Entry entry = context.gate.enter(client, context.loop.now());
  if (entry.refused) {
    if (const std::uint64_t times = context.refusals.admit(context.loop.now()); times > 0) {
      spdlog::warn("listener {}: a connection was refused: {}; {} since last said", context.config.name,
                   to_string(*entry.refused), times);
    }
    refuse_connection(context, std::move(socket), client, entry.id, *entry.refused);
    co_await slot->yield();  // Asio would allocate where it never waited
    co_return;
  }
  std::optional<ClientAddress> admitted;  // whom the source's limits count
  if (!entry.header_due) admitted = client;
  Session session{context,
                  std::move(slot),
                  {},
                  begin_record(context, client, entry.id),
                  Deadlines(context.config.timeouts, context.loop.now())};
  session.port_offset = port_offset;
  session.client = io::Stream(*session.slot, io::Side::first, std::move(socket), client.is_inet());
  session.arm();
  SessionEnd end = SessionEnd::internal_error;
  try {
    std::optional<SessionEnd> refused;
    if (!session.client.valid()) refused = SessionEnd::refused_resources;
    if (!refused && entry.header_due) {
      refused = co_await receive_proxy_header(session);
      if (!refused) refused = context.gate.admit(session.source(), context.loop.now());
      if (!refused) admitted = session.source();
    }
    end = refused ? *refused : co_await serve(context.service, session);
  } catch (const std::bad_alloc&) {
    end = SessionEnd::refused_resources;
  } catch (const std::exception& error) {
    spdlog::error("connection {} of listener {}: {}", entry.id, context.config.name, error.what());
    end = SessionEnd::internal_error;
  }
  if (context.admission.draining() && is_orderly(end)) end = SessionEnd::drained;
  session.record.end = end;
  const bool recorded = context.records.wants_next();
  if (recorded) read_tcp_info(session.client, session.record);
  close_client(session);
  if (recorded) finish_record(session.record, context.records);
  context.ends.add(end);
  if (!session.slot->waited()) co_await session.slot->yield();  // as above
  context.gate.leave(admitted, was_cut(end));
}

void refuse_connection(SessionContext& context, io::StreamSocket socket, const ClientAddress& client, std::uint64_t id,
                       SessionEnd why) {
  socket.reset();
  context.ends.add(why);
  if (!context.records.wants_next()) return;
  SessionRecord record = begin_record(context, client, id);
  record.end = why;
  finish_record(record, context.records);
}

std::optional<SessionEnd> Session::must_end() {
  if (slot->interruption() != 0) return SessionEnd::shutdown;
  if (backend != nullptr && backend->cuts() != cuts) return SessionEnd::server_reset;
  if (!slot->timer_fired()) return std::nullopt;
  if (const std::optional<SessionEnd> why = deadlines.overdue(loop().now())) return why;
  arm();
  return std::nullopt;
}

void Session::note_cut(std::size_t kept) {
  cut_inside = cut_inside || kept > 0 || client.unread() > 0 || deadlines.streaming(loop().now());
}

Mover Session::mover() const {
  io::PipePool* pipes = context.splice == RelayConfig::Splice::never ? nullptr : &context.pipes;
  return {scratch(), nullptr, pipes, context.splice == RelayConfig::Splice::always, loop().now()};
}

void Session::arm() {
  const Deadlines::Time next = deadlines.next();
  if (next != Deadlines::Time::max()) slot->set_deadline(next);
}

SessionEnd end_of_error(bool client_side, int error) {
  if (io::is_exhaustion(error)) return SessionEnd::refused_resources;
  const bool timed_out = error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH;
  if (client_side) return timed_out ? SessionEnd::client_timeout : SessionEnd::client_reset;
  return timed_out ? SessionEnd::server_timeout : SessionEnd::server_reset;
}

}  // namespace weir
