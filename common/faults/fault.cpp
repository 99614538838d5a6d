#include "common/faults/fault.hpp"

namespace weir::faults {

namespace {

struct KindName {
  std::string_view operator()(const Latency&) const { return "latency"; }
  std::string_view operator()(const Bandwidth&) const { return "bandwidth"; }
  std::string_view operator()(const Slice&) const { return "slice"; }
  std::string_view operator()(const Stall&) const { return "stall"; }
  std::string_view operator()(const Reset&) const { return "reset"; }
  std::string_view operator()(const End&) const { return "end"; }
  std::string_view operator()(const SlowClose&) const { return "slow_close"; }
  std::string_view operator()(const Refuse&) const { return "refuse"; }
  std::string_view operator()(const Connect&) const { return "connect"; }
  std::string_view operator()(const HalfOpen&) const { return "half_open"; }
  std::string_view operator()(const Corrupt&) const { return "corrupt"; }
};

}  // namespace

std::string_view kind_name(const Kind& kind) { return std::visit(KindName{}, kind); }

bool acts_on(const Fault& fault, Way way) {
  return fault.way == Way::both || fault.way == way || std::holds_alternative<Refuse>(fault.kind) ||
         std::holds_alternative<Connect>(fault.kind) || std::holds_alternative<HalfOpen>(fault.kind);
}

}  // namespace weir::faults
