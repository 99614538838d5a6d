#include "server/session/shape_session.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace weir {

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
    if (session.client.failed()) co_return;  // whoever serves it next finds out, and what it had sent
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
