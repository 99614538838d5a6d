#include "server/session/header_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>

#include "common/proxy_protocol.hpp"
#include "server/session/first_bytes.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

namespace {

Progress refuse(Session& session, std::string_view problem) {
  if (const std::uint64_t times = session.context->resources.refusals.admit(session.now()); times > 0) {
    spdlog::warn("listener {}: {} sent no valid PROXY header: {}{}", *session.context->name, session.peer.to_string(),
                 problem, times_since_last_said(times));
  }
  session.end_with(SessionEnd::bad_proxy_header);
  return Progress::over;
}

/// The version of the header that backends get, if any gets one: 2 where routes lead to both.
ProxyVersion passed_on(const Session& session) {
  const auto* proxy = std::get_if<ProxyService>(&session.context->listener->service());
  ProxyVersion version = ProxyVersion::none;
  if (proxy == nullptr) return version;
  if (proxy->config) version = proxy->config->send_proxy_protocol;
  for (const ProxyRoute& route : proxy->routes) version = std::max(version, route.target.config->send_proxy_protocol);
  return version;
}

void accept(Session& session, ProxyHeader header) {
  if (!header.is_known()) return;
  session.proxied = std::make_unique<ProxiedClient>(ProxiedClient{ClientAddress(header.source), nullptr});
  const ProxyVersion version = passed_on(session);
  if (version == ProxyVersion::none) return;
  if (version == ProxyVersion::v1) header.tlvs = {};
  session.proxied->header = std::make_unique<ProxyHeader>(std::move(header));
}

Progress read_on(Session& session, FirstBytes& first) {
  const auto decide = [&session](std::span<const std::byte> bytes) -> Decision {
    ProxyHeaderParse parse = parse_proxy_header(bytes);
    if (parse.status == ProxyHeaderParse::Status::invalid) return {refuse(session, parse.problem)};
    if (parse.status == ProxyHeaderParse::Status::incomplete) return {};
    accept(session, std::move(parse.header));
    return {Progress::complete, parse.size};
  };
  return first.look(decide, [&session](bool any) {
    if (any) return refuse(session, "the connection ended within it");
    session.end_with(SessionEnd::client_closed);  // one that only checks whether the port is open sends nothing
    return Progress::over;
  });
}

}  // namespace

net::awaitable<void> receive_proxy_header(Session& session) {
  FirstBytes first(session, kLongestProxyHeader);
  Progress progress = read_on(session, first);
  while (progress == Progress::incomplete) {
    co_await session.wait();
    if (const auto why = session.must_end()) {
      session.note_cut(first.taken().size());
      session.end_with(*why);
      co_return;
    }
    progress = read_on(session, first);
  }
}

}  // namespace weir
