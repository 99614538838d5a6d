#pragma once

#include <array>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "common/ip_address.hpp"
#include "server/admission/token_bucket.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Enforces the connection limit and the connection rate of each source. Exact over all workers: one short mutex of a
/// shard at a connection's begin and end. A copy has the same counts. Any thread.
///
/// A source that has connections is never forgotten. Of those that have none, at most kMostIdle are remembered for the
/// sake of their rate, in some 27 MiB. If there are more, the table forgets those whose loss does the least harm, which
/// are nearest to a full bucket. A call forgets two at most, and walks no list.
class SourceTable {
 public:
  using Time = io::Clock::time_point;

  static constexpr std::size_t kMostIdle = 262'144;

  /// `connections` 0 = any number. If neither is limited, nothing is counted and no mutex is taken.
  SourceTable() : SourceTable(0, {}) {}
  SourceTable(std::uint32_t connections, const Rate& rate);
  /// Other limits, for what the table before has counted and goes on counting. Where that one limited nothing, it has
  /// counted nothing.
  SourceTable(std::uint32_t connections, const Rate& rate, const SourceTable& before);

  /// Counts a connection of the source, or says why it is refused, which may be lack of memory.
  std::optional<SessionEnd> enter(const IpAddress& source, Time now);
  /// Once for each connection that was counted.
  void leave(const IpAddress& source);

  /// How many sources it remembers.
  std::size_t size() const;

 private:
  /// Linked into its shard's idle sources while it has no connections.
  struct Source : boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>> {
    const IpAddress* address = nullptr;
    std::uint32_t connections = 0;
    TokenBucket bucket;
  };
  struct FullAt {
    using type = Time;  // NOLINT(readability-identifier-naming): Boost.Intrusive asks for this name
    Time operator()(const Source& source) const { return source.bucket.full_at(); }
  };
  struct Hash {
    std::size_t operator()(const IpAddress& address) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<IpAddress, Source, Hash> sources;
    /// Those without connections, by when their buckets will be full again.
    boost::intrusive::multiset<Source, boost::intrusive::key_of_value<FullAt>> idle;

    void forget_first();
  };

  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kMostIdleOfShard = kMostIdle / kShards;
  static constexpr int kForgottenACall = 2;  ///< more than a call can add

  struct Counts {
    std::array<Shard, kShards> shards;
  };

  Shard& shard_of(const IpAddress& source) const;

  std::uint32_t connections_;
  Rate rate_;
  std::shared_ptr<Counts> counts_;  ///< null where nothing is limited
};

}  // namespace weir
