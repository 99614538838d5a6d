#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

  bool is_refused() const;
  /// How much later its service begins, or that it never does; nothing where no fault says so.
  std::optional<faults::Connect> service_begin() const;

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

}  // namespace weir
