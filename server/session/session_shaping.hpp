#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/faults/fault_set.hpp"
#include "server/observe/session_record.hpp"
#include "server/shaping/shaper.hpp"
#include "server/shaping/shaping.hpp"

namespace weir {

/// What is done to one connection beside carrying its bytes: the faults that it meets, and the rates that it has to
/// keep to. Belongs to its session.
class SessionShaping {
 public:
  SessionShaping(Shaping& listener, const ClientAddress& source, std::uint64_t number, io::Clock::time_point now,
                 bool has_begun)
      : source_(source), number_(number) {
    look(listener, now, has_begun);
  }

  /// Draws again what the connection meets, by what is set now: faults that are still there hit it as before. Those of
  /// a connection's begin do not hit one that has begun. Throws std::bad_alloc.
  void look(Shaping& listener, io::Clock::time_point now, bool has_begun);

  /// What a way of the connection has to keep to; `upstream` is from the client. An echo has one way for both.
  WayTerms terms(bool upstream, bool downstream) const;

  template <typename Kind>
  const Kind* meets() const {
    for (const faults::Met& met : met_) {
      if (const Kind* kind = std::get_if<Kind>(&met.fault->kind)) return kind;
    }
    return nullptr;
  }

  /// For its record; null where its listener never had a fault.
  const std::shared_ptr<const FaultFacts>& facts() const { return facts_; }

 private:
  void note(const faults::Fault& fault);

  const ClientAddress source_;
  const std::uint64_t number_;
  std::vector<faults::Met> met_;
  BandwidthLimits::Rates rates_;
  std::shared_ptr<ByteBuckets> own_rates_;  ///< of this connection alone; null until there were any
  std::shared_ptr<const FaultFacts> facts_;
};

struct Session;

/// When a session begins and its source is known: draws what it meets, which may end it (Refuse). Throws
/// std::bad_alloc.
void begin_shaping(Session& session);

/// Where the session's service begins later, or not at all (Connect): waits, and may end it.
net::awaitable<void> await_service(Session& session);

/// Looks again at what is set. Returns whether the traffic has to be told. Throws std::bad_alloc.
bool renew_shaping(Session& session);

}  // namespace weir
