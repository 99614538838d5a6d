#include "server/session/show_session.hpp"

#include <utility>
#include <variant>

#include "server/session/discard_traffic.hpp"
#include "server/session/echo_traffic.hpp"
#include "server/session/life.hpp"
#include "server/session/proxy_traffic.hpp"
#include "server/session/tcp_figures.hpp"

namespace weir {

namespace {

using std::chrono::milliseconds;

ConnectionStage stage_of(Deadlines::Stage stage) {
  switch (stage) {
    case Deadlines::Stage::header:
      return ConnectionStage::header;
    case Deadlines::Stage::handshake:
      return ConnectionStage::handshake;
    case Deadlines::Stage::connecting:
      return ConnectionStage::connecting;
    case Deadlines::Stage::carrying:
      return ConnectionStage::carrying;
    case Deadlines::Stage::half_closed:
      return ConnectionStage::half_closed;
    case Deadlines::Stage::delivering:
      break;
  }
  return ConnectionStage::delivering;
}

/// The side that takes no more of what this process keeps for it.
std::string_view slow_side(const Kept& kept) {
  if (kept.inside_for_client == 0 && kept.inside_for_backend == 0) return "";
  return kept.inside_for_client >= kept.inside_for_backend ? "client" : "backend";
}

template <typename Traffic>
void show_traffic(const Session& session, const Traffic& traffic, LiveConnection& shown) {
  SessionRecord record;
  traffic.describe(record);
  shown.backend = std::move(record.backend);
  shown.bytes_in = record.bytes_in;
  shown.bytes_out = record.bytes_out;
  shown.connect_time = record.connect_time;
  shown.attempts = record.attempts;
  const Kept kept = traffic.kept(session);
  shown.kept_for_client = kept.for_client;
  shown.kept_for_backend = kept.for_backend;
  shown.slow_side = slow_side(kept);
  if constexpr (Connects<Traffic>) {
    if (const Upstream* upstream = traffic.upstream()) shown.upstream = upstream->name();
  }
}

}  // namespace

bool show_session(const Session& session, LiveConnection& shown) {
  const bool lives = std::visit(
      [&]<typename Kind>(const Kind&) {
        const auto& life = static_cast<const Life<Kind>&>(session);
        if (life.traffic && session.client.valid()) show_traffic(session, *life.traffic, shown);
        return life.traffic && session.client.valid();
      },
      session.context->listener->service());
  if (!lives) return false;
  const Session::Time now = session.now();
  shown.id = session.id;
  shown.listener = *session.context->name;
  shown.client = session.peer;
  if (session.proxied) shown.proxied_client = session.proxied->client;
  if (session.tls_facts) shown.tls = live_tls(*session.tls_facts);
  if (session.shaping) shown.faults = session.shaping->facts();
  shown.stage = stage_of(session.deadlines.stage());
  shown.age = std::chrono::duration_cast<milliseconds>(now - session.deadlines.started());
  shown.idle = std::chrono::duration_cast<milliseconds>(now - session.deadlines.last_activity());
  if (const auto figures = read_tcp_figures(session.client.fd())) {
    shown.rtt_us = figures->rtt_us;
    shown.retransmits = figures->retransmits;
  }
  shown.worker = static_cast<std::uint32_t>(session.context->worker);
  return true;
}

}  // namespace weir
