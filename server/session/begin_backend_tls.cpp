#include "server/session/begin_backend_tls.hpp"

#include <memory>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "common/tls/postgres_preamble.hpp"
#include "server/session/handshake_step.hpp"

namespace weir {

namespace {

using Status = io::IoResult::Status;

/// Waits; returns 0, or kTlsTimedOut. May end the session, which its client's reset does not: once the backend is
/// connected, it is owed what the client sent before it left.
net::awaitable<int> wait_for_backend(Session& session, Session::Time deadline) {
  if (session.now() >= deadline) co_return kTlsTimedOut;
  co_await session.wait_until(deadline);
  if (const auto why = session.must_end()) session.end_with(*why);
  co_return 0;
}

/// A backend that resets a connection that it has taken fails its TLS; what this machine lacks is no fault of it.
int end_of_tcp(int error) { return io::is_local_error(error) ? error : kTlsFailed; }

std::string backend_problem(const tls::Stream& stream) {
  if (stream.failure() == tls::Stream::Failure::closed) return "it closed during the handshake";
  if (stream.failure() == tls::Stream::Failure::socket) return std::generic_category().message(stream.error());
  return stream.problem();
}

int error_of(const tls::Stream& stream) {
  switch (stream.failure()) {
    case tls::Stream::Failure::untrusted:
      return kTlsUntrusted;
    case tls::Stream::Failure::socket:
      return end_of_tcp(stream.error());
    default:
      return kTlsFailed;
  }
}

}  // namespace

net::awaitable<int> ask_backend_for_tls(Session& session, BackendConnection& asked, Session::Time deadline) {
  io::Stream& backend = asked.stream;
  const io::IoResult put = backend.write(std::as_bytes(std::span(tls::kPostgresSslRequest)));
  if (put.status == Status::failed) co_return end_of_tcp(put.error);
  if (put.bytes < tls::kPostgresSslRequest.size()) co_return kTlsFailed;  // eight bytes fit into any fresh connection
  std::byte answer{};
  for (;;) {
    if (backend.readable()) {
      const io::IoResult got = backend.read(std::span(&answer, 1));
      if (got.status == Status::failed) co_return end_of_tcp(got.error);
      if (got.status == Status::end) co_return kTlsFailed;
      if (got.status == Status::moved) break;
      continue;
    }
    if (const int error = co_await wait_for_backend(session, deadline); error != 0) co_return error;
    if (session.end) co_return 0;
  }
  // Bytes behind the answer that came in the clear would be taken for what came encrypted (CVE-2021-23222).
  if (answer == std::byte{'S'}) co_return backend.unread() == 0 ? 0 : kTlsFailed;
  co_return answer == std::byte{'N'} ? kTlsRefused : kTlsFailed;
}

net::awaitable<int> begin_backend_tls(BackendHandshake handshake) {
  Session& session = handshake.session;
  if (handshake.starttls == tls::StartTls::postgres) {
    const int error = co_await ask_backend_for_tls(session, handshake.backend, handshake.deadline);
    if (error != 0 || session.end) co_return error;
  }
  tls::SslPtr ssl = handshake.context.make(handshake.host, session.context->worker);
  if (!ssl) {
    spdlog::error("listener {}: there is no memory for the TLS of backend {}, or OpenSSL does not take its name",
                  *session.context->name, *handshake.backend.name);
    co_return kTlsFailed;
  }
  auto stream = std::make_unique<tls::Stream>(handshake.backend.stream, session.context->resources.tls.buffers,
                                              std::move(ssl), tls::Stream::Role::client, session.truncation());
  for (auto state = tls::Stream::Handshake::waiting; state != tls::Stream::Handshake::done;) {
    while (!stream->can_step()) {
      stream->flush();
      if (const int error = co_await wait_for_backend(session, handshake.deadline); error != 0) co_return error;
      if (session.end) co_return 0;
    }
    HandshakeStep step(session, stream);
    while (!step.taken()) {
      if (const int error = co_await wait_for_backend(session, handshake.deadline); error != 0) co_return error;
      if (session.end) co_return 0;
    }
    state = step.result();
    if (state != tls::Stream::Handshake::failed) continue;
    if (const std::uint64_t times = session.context->resources.refusals.admit(session.now()); times > 0) {
      spdlog::warn("listener {}: the TLS of backend {} failed: {}{}", *session.context->name, *handshake.backend.name,
                   backend_problem(*stream), times_since_last_said(times));
    }
    co_return error_of(*stream);
  }
  handshake.backend.tls = std::move(stream);
  co_return 0;
}

}  // namespace weir
