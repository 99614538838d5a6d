#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/faults/announcement.hpp"
#include "client/faults/faults_options.hpp"
#include "client/faults/sight.hpp"

namespace weir::load {

/// How a fault that a connection meets ends it, as a client sees that.
struct CutTerms {
  bool reset = true;                   ///< else a FIN
  std::optional<std::uint64_t> bytes;  ///< once so many have come back
  bool exact = true;                   ///< else at most so many: the cut is made before the echo, not after it
  std::optional<std::chrono::microseconds> after;
  bool at_connect = false;  ///< nothing comes back at all, whenever it is cut
};

/// Nothing for a fault that ends nobody.
std::optional<CutTerms> cut_of(const faults::Fault& fault, FaultPath path);

/// What one connection says of one fault.
struct FaultFinding {
  enum class Verdict : std::uint8_t {
    agrees,     ///< it met the fault, or was spared, as announced
    unchecked,  ///< that did not show
    wrong,
  };
  bool announced = false;  ///< for this connection
  Verdict verdict = Verdict::unchecked;
  std::string why;  ///< unchecked
};

/// What was announced to one connection, and what was seen instead.
struct Mismatch {
  std::uint64_t number = 0;
  std::string fault;  ///< empty: none can be named
  std::string announced;
  std::string seen;
};

struct Judgement {
  std::vector<FaultFinding> findings;  ///< of each fault, in the announcement's order
  std::vector<Mismatch> mismatches;
};

/// Holds what was seen of a connection against what was announced to it. Pure. Times are bounds from below, so a busy
/// machine makes nothing wrong that is right, except where every reply to a connection that is spared comes later, by a
/// noticeable time, than the fault that it should not meet would have let it.
Judgement judge(const Announcement& announcement, const faults::FaultSet& set, FaultPath path, const faults::Who& who,
                const Sight& sight);

/// How long nothing must have come until it counts as held.
inline constexpr std::chrono::milliseconds kSilence{250};
/// How long after its time a cut is still waited for, before a connection counts as spared.
inline constexpr std::chrono::milliseconds kCutGrace{100};

}  // namespace weir::load
