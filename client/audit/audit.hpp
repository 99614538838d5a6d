#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/audit/network_counters.hpp"
#include "client/audit/processor_counters.hpp"
#include "common/endpoint.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir::load {

/// What may have spoiled a run, or explains it, without being weir-load or its target: what the kernel counted while
/// the run measured. Of the whole machine, of weir-load's network namespace, or of its cgroup, as each line says.
struct Audit {
  bool target_here = false;        ///< the target has an address of this machine, so what is counted is its as well
  std::uint64_t voluntary = 0;     ///< times that a thread of weir-load waited for something
  std::uint64_t involuntary = 0;   ///< times that one was preempted
  double stolen = 0;               ///< share of all processors' time that the hypervisor gave to others
  std::optional<double> pressure;  ///< share of the time in which some task of the machine waited for a processor
  Throttling throttling;           ///< of the cgroup, or the one around it that had to wait most
  NetworkCounters network;         ///< of the namespace
  NetworkCounters network_before;  ///< from the first connect until the run measured
  bool operator==(const Audit&) const = default;

  /// Adds another generator's: one of the same machine counted the same events, but for its own threads.
  void merge_same_machine(const Audit& other);
  void merge_other_machine(const Audit& other);
  /// Adds what the same generator counted in another stretch of time; `share` of both together was the other one's.
  void append(const Audit& later, double share);
};

/// Everything that is counted, at one moment.
struct AuditMoment {
  io::Clock::time_point time;
  ProcessorTicks ticks;
  NetworkCounters network;
  std::optional<std::chrono::microseconds> pressure;
  std::vector<Throttling> quotas;  ///< one for each of quota_files()
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;

  static AuditMoment now();
};

/// What was counted from `from` until `until`, and of the network before it since `start`.
Audit audit_between(const AuditMoment& start, const AuditMoment& from, const AuditMoment& until);

/// Whether it is an address of this machine, as far as its own interfaces tell; unix sockets are.
bool is_of_this_machine(const Endpoint& endpoint);

}  // namespace weir::load
