#include "server/session/header_reader.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "common/proxy_protocol.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

namespace {

using Status = io::IoResult::Status;

/// Where reading came to: nothing means that more must come.
struct Progress {
  bool complete = false;
  std::optional<SessionEnd> end;
};

SessionEnd refuse(Session& session, std::string_view problem) {
  if (const std::uint64_t times = session.context.refusals.admit(session.loop().now()); times > 0) {
    spdlog::warn("listener {}: {} sent no PROXY header: {}; {} since last said", session.context.config.name,
                 session.record.client.to_string(), problem, times);
  }
  return SessionEnd::bad_proxy_header;
}

/// How a server is told of it, if it is.
ProxyVersion passed_on(const Session& session) {
  const auto* proxy = std::get_if<ProxyService>(&session.context.service);
  return proxy != nullptr ? proxy->upstream->config().send_proxy_protocol : ProxyVersion::none;
}

void accept(Session& session, ProxyHeader header) {
  if (!header.is_known()) return;
  session.record.proxied_client.emplace(header.source);
  const ProxyVersion version = passed_on(session);
  if (version == ProxyVersion::none) return;
  if (version == ProxyVersion::v1) header.tlvs = {};
  session.header = std::make_unique<ProxyHeader>(std::move(header));
}

Progress read_on(Session& session, std::size_t& seen) {
  const auto buffer = session.scratch().first(kLongestProxyHeader);
  while (session.client.readable()) {
    const io::IoResult got = session.client.peek(buffer);
    if (got.status == Status::failed) return {false, end_of_error(true, got.error)};
    // Whoever only looks whether the port is open sends nothing.
    if (got.status == Status::end) return {false, SessionEnd::client_closed};
    if (got.status == Status::would_block) return {};
    ProxyHeaderParse parse = parse_proxy_header(buffer.first(got.bytes));
    if (parse.status == ProxyHeaderParse::Status::invalid) return {false, refuse(session, parse.problem)};
    if (parse.status == ProxyHeaderParse::Status::complete) {
      session.client.read(buffer.first(parse.size));
      accept(session, std::move(parse.header));
      return {true, std::nullopt};
    }
    const bool grown = got.bytes > std::exchange(seen, got.bytes);
    if (session.client.await_more() || grown) continue;
    if (session.client.failed()) return {false, end_of_error(true, session.client.take_error())};
    return {false, refuse(session, "it ended within it")};
  }
  return {};
}

}  // namespace

net::awaitable<std::optional<SessionEnd>> receive_proxy_header(Session& session) {
  const milliseconds patience = session.context.config.timeouts.header;
  const Deadlines::Time deadline = patience.count() == 0 ? Deadlines::Time::max() : session.loop().now() + patience;
  for (std::size_t seen = 0;;) {
    const Progress progress = read_on(session, seen);
    if (progress.end) co_return progress.end;
    if (progress.complete) break;
    const Deadlines::Time next = std::min(deadline, session.deadlines.next());
    if (next != Deadlines::Time::max()) session.slot->set_deadline(next);
    co_await session.slot->wait();
    session.slot->timer_fired();
    if (session.slot->interruption() != 0) co_return SessionEnd::shutdown;
    if (session.loop().now() >= deadline) co_return SessionEnd::header_timeout;
    if (const auto why = session.deadlines.overdue(session.loop().now())) co_return why;
  }
  session.deadlines.touch(session.loop().now());
  session.arm();
  co_return std::nullopt;
}

}  // namespace weir
