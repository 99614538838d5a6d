#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "common/ip_address.hpp"
#include "server/admission/token_bucket.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// How many connections each source has, and how fast they come. Exact over all workers: one short mutex of a shard at
/// a connection's begin and end. A source that has none and has not come for a while is forgotten. Any thread.
class SourceTable {
 public:
  using Time = io::Clock::time_point;

  /// `connections` 0 = any number. Where neither is limited, nothing is counted, and no mutex taken.
  SourceTable(std::uint32_t connections, const Rate& rate) : connections_(connections), rate_(rate) {}

  /// Counts a connection of the source in, or says why it is refused, be it for lack of memory.
  std::optional<SessionEnd> enter(const IpAddress& source, Time now);
  /// Once for each that was counted in.
  void leave(const IpAddress& source);

  /// Sources that it remembers.
  std::size_t size() const;

 private:
  bool limits() const { return connections_ != 0 || rate_.count != 0; }

  struct Source {
    std::uint32_t connections = 0;
    TokenBucket bucket;
  };
  struct Hash {
    std::size_t operator()(const IpAddress& address) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<IpAddress, Source, Hash> sources;
    std::size_t forget_at = kForgetAt;
  };

  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kForgetAt = 256;

  Shard& shard_of(const IpAddress& source);
  static void forget_idle(Shard& shard, Time now);

  const std::uint32_t connections_;
  const Rate rate_;
  std::array<Shard, kShards> shards_;
};

}  // namespace weir
