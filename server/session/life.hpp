#pragma once

#include <optional>
#include <variant>

#include "server/session/session.hpp"
#include "server/session/traffic.hpp"

namespace weir {

/// A session and its service's state, which lives from the begin to the session's conclusion. `Kind` is one of Service.
///
/// A slot of kind SlotKind::session has its Session as its subject from here on, so that others on the worker's thread
/// find the session by its slot; the alternative of its listener's service says which Life it is.
template <typename Kind>
  requires Traffic<typename Kind::Traffic, Kind>
struct Life : Session {
  explicit Life(SessionStart& start) : Session(start), traffic(std::get<Kind>(context->listener->service())) {
    slot->set_subject(static_cast<Session*>(this));
  }

  std::optional<typename Kind::Traffic> traffic;
};

/// Adds what a connection carries while this lives to the counters of its listener and of its backend.
template <typename Traffic>
class CarriedCount {
 public:
  CarriedCount(const Session& session, Traffic& traffic)
      : session_(session), traffic_(traffic), before_(traffic.carried()) {}
  CarriedCount(const CarriedCount&) = delete;
  CarriedCount& operator=(const CarriedCount&) = delete;
  ~CarriedCount() {
    const Carried more = traffic_.carried() - before_;
    session_.context->counters.add_bytes(more);
    if constexpr (Connects<Traffic>) traffic_.count(more, session_.context->worker);
  }

 private:
  const Session& session_;
  Traffic& traffic_;
  const Carried before_;
};

}  // namespace weir
