#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::load {

/// The clock ticks of all processors together, as /proc/stat counts them.
struct ProcessorTicks {
  std::uint64_t busy = 0;
  std::uint64_t total = 0;
  std::uint64_t stolen = 0;  ///< of the busy ones: a virtual processor that was to run and was not let

  static ProcessorTicks parse(std::string_view text);
};

/// For how long so far some task has waited for a processor, by a text as in /proc/pressure/cpu. Nothing from others.
std::optional<std::chrono::microseconds> parse_pressure(std::string_view text);

/// What a cgroup's quota of CPU time came to, by a text as in its cpu.stat.
struct Throttling {
  std::uint64_t periods = 0;
  std::uint64_t throttled = 0;  ///< of them: the quota was used up before the end
  std::chrono::microseconds time{0};

  bool operator==(const Throttling&) const = default;
  /// Of both versions of cgroups. All zero where the group has no quota or the text says nothing of one.
  static Throttling parse(std::string_view text);
};

/// Where the quotas are counted that bind this process: those of its cgroup and of all around it. Takes a text as in
/// /proc/self/cgroup. Names the files of both versions, wherever they may be mounted; not all of them exist.
std::vector<std::string> quota_files(std::string_view cgroups);

}  // namespace weir::load
