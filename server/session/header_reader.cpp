#include "server/session/header_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

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

/// Peeks, so that no byte behind the header is taken. What it saw is all the header's while that is incomplete, and is
/// taken into `taken` where more would not come otherwise: peeking never gets past an urgent mark (tcp(7)) or
/// descriptors that were passed along (unix(7)), and the sender on a unix socket is charged for each piece until it is
/// read. A read without room for descriptors closes them.
Progress read_on(Session& session, std::vector<std::byte>& taken) {
  io::Stream& client = session.client;
  const auto buffer = session.scratch().first(kLongestProxyHeader);
  std::copy(taken.begin(), taken.end(), buffer.begin());
  while (client.readable()) {
    const auto rest = buffer.subspan(taken.size());
    const io::IoResult got = client.peek(rest);
    if (got.status == Status::failed) return {false, end_of_error(true, got.error)};
    if (got.status == Status::would_block) return {};
    if (got.status == Status::end) {
      // Whoever only looks whether the port is open sends nothing.
      return {false, taken.empty() ? SessionEnd::client_closed : refuse(session, "it ended within it")};
    }
    ProxyHeaderParse parse = parse_proxy_header(buffer.first(taken.size() + got.bytes));
    if (parse.status == ProxyHeaderParse::Status::invalid) return {false, refuse(session, parse.problem)};
    if (parse.status == ProxyHeaderParse::Status::complete) {
      client.read(rest.first(parse.size - taken.size()));
      accept(session, std::move(parse.header));
      return {true, std::nullopt};
    }
    if (session.record.client.is_inet() && client.unread() == got.bytes && client.await_more()) return {};
    const io::IoResult piece = client.read(rest.first(got.bytes));
    taken.insert(taken.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(piece.bytes));
  }
  return {};
}

/// After a wait: why the session must end before its header is complete, if it must.
std::optional<SessionEnd> must_end(Session& session, Deadlines::Time deadline) {
  session.slot->timer_fired();
  if (session.slot->interruption() != 0) return SessionEnd::shutdown;
  if (session.loop().now() >= deadline) return SessionEnd::header_timeout;
  return session.deadlines.overdue(session.loop().now());
}

}  // namespace

net::awaitable<std::optional<SessionEnd>> receive_proxy_header(Session& session) {
  const milliseconds patience = session.context.config.timeouts.header;
  const Deadlines::Time deadline = patience.count() == 0 ? Deadlines::Time::max() : session.loop().now() + patience;
  std::vector<std::byte> taken;
  for (;;) {
    const Progress progress = read_on(session, taken);
    if (progress.end) co_return progress.end;
    if (progress.complete) break;
    const Deadlines::Time next = std::min(deadline, session.deadlines.next());
    if (next != Deadlines::Time::max()) session.slot->set_deadline(next);
    co_await session.slot->wait();
    if (const auto why = must_end(session, deadline)) {
      session.note_cut(taken.size());
      co_return why;
    }
  }
  session.deadlines.touch(session.loop().now());
  session.arm();
  co_return std::nullopt;
}

}  // namespace weir
