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

/// How far reading has come.
enum class Progress { incomplete, complete, over };

Progress end(Session& session, SessionEnd why) {
  session.end_with(why);
  return Progress::over;
}

Progress refuse(Session& session, std::string_view problem) {
  if (const std::uint64_t times = session.context->resources.refusals.admit(session.now()); times > 0) {
    spdlog::warn("listener {}: {} sent no valid PROXY header: {}{}", *session.context->name, session.peer.to_string(),
                 problem, times_since_last_said(times));
  }
  return end(session, SessionEnd::bad_proxy_header);
}

/// The version of the header that the backend gets, if it gets one.
ProxyVersion passed_on(const Session& session) {
  const auto* proxy = std::get_if<ProxyService>(&session.context->listener->service());
  return proxy != nullptr ? proxy->config->send_proxy_protocol : ProxyVersion::none;
}

void accept(Session& session, ProxyHeader header) {
  if (!header.is_known()) return;
  session.proxied = std::make_unique<ProxiedClient>(ProxiedClient{ClientAddress(header.source), nullptr});
  const ProxyVersion version = passed_on(session);
  if (version == ProxyVersion::none) return;
  if (version == ProxyVersion::v1) header.tlvs = {};
  session.proxied->header = std::make_unique<ProxyHeader>(std::move(header));
}

/// Peeks, so that no byte behind the header is consumed. While the header is incomplete, all that was seen belongs to
/// it, and is moved into `taken` if no more would come otherwise: peeking never gets past an urgent mark (tcp(7)) or
/// descriptors that were passed along (unix(7)), and the sender on a unix socket is charged for each piece until it is
/// read. A read without room for descriptors closes them.
Progress read_on(Session& session, std::vector<std::byte>& taken) {
  io::Stream& client = session.client;
  const auto buffer = session.scratch().first(kLongestProxyHeader);
  std::copy(taken.begin(), taken.end(), buffer.begin());
  while (client.readable()) {
    const auto rest = buffer.subspan(taken.size());
    const io::IoResult got = client.peek(rest);
    if (got.status == Status::failed) return end(session, end_of_error(true, got.error));
    if (got.status == Status::would_block) return Progress::incomplete;
    if (got.status == Status::end) {
      // A client that only checks whether the port is open sends nothing.
      return taken.empty() ? end(session, SessionEnd::client_closed)
                           : refuse(session, "the connection ended within it");
    }
    ProxyHeaderParse parse = parse_proxy_header(buffer.first(taken.size() + got.bytes));
    if (parse.status == ProxyHeaderParse::Status::invalid) return refuse(session, parse.problem);
    if (parse.status == ProxyHeaderParse::Status::complete) {
      client.read(rest.first(parse.size - taken.size()));
      accept(session, std::move(parse.header));
      return Progress::complete;
    }
    if (session.peer.is_inet() && client.unread() == got.bytes && client.await_more()) return Progress::incomplete;
    const io::IoResult piece = client.read(rest.first(got.bytes));
    taken.insert(taken.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(piece.bytes));
  }
  return Progress::incomplete;
}

}  // namespace

net::awaitable<void> receive_proxy_header(Session& session) {
  std::vector<std::byte> taken;
  Progress progress = read_on(session, taken);
  while (progress == Progress::incomplete) {
    co_await session.wait();
    if (const auto why = session.must_end()) {
      session.note_cut(taken.size());
      session.end_with(*why);
      co_return;
    }
    progress = read_on(session, taken);
  }
}

}  // namespace weir
