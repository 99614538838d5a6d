#include "server/session/shape_session.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "server/session/connect_backend.hpp"
#include "server/session/service.hpp"

namespace weir {

namespace {

/// Whether whoever serves it next would find at once that its client has left, and say how.
bool has_left(const Session& session) {
  const auto* const service = std::get_if<ProxyService>(&session.context->listener->service());
  const ProxyTarget* const target = session.target != nullptr ? session.target : service;
  if (target == nullptr || !target->config) return session.client.failed();
  return client_has_left(session, *target->config);
}

}  // namespace

void begin_shaping(Session& session) {
  Shaping& listener = session.context->listener->shaping();
  session.shaping = std::make_unique<SessionShaping>(listener, session.source(), session.number, session.now(), false);
  if (session.shaping->is_refused()) session.end_with(SessionEnd::fault_refused);
}

net::awaitable<void> await_service(Session& session) {
  Shaping& listener = session.context->listener->shaping();
  std::optional<faults::Connect> fault = session.shaping->service_begin();
  if (!fault) co_return;
  session.enter(Deadlines::Stage::connecting);
  const Session::Time entered = session.now();
  while (!session.end && fault && session.now() < entered + fault->delay) {
    if (has_left(session)) co_return;
    session.wait_finely(entered + fault->delay);
    co_await session.slot->wait();
    if (const auto why = session.must_end()) session.end_with(*why);
    if (std::exchange(session.notices.reshape, false)) {
      session.shaping->look(listener, session.now(), false);
      fault = session.shaping->service_begin();
    }
  }
  if (fault && fault->fail) session.end_with(SessionEnd::fault_connect_failed);
}

bool renew_shaping(Session& session) {
  Shaping& listener = session.context->listener->shaping();
  if (session.shaping) {
    session.shaping->look(listener, session.now(), true);
  } else if (listener.is_active()) {
    session.shaping = std::make_unique<SessionShaping>(listener, session.source(), session.number, session.now(), true);
  } else {
    return false;
  }
  return true;
}

}  // namespace weir
