#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/ip_address.hpp"
#include "server/config/server_config.hpp"
#include "server/shaping/byte_bucket.hpp"

namespace weir {

/// A rate for each way of a connection: in from the client, out to it.
struct ByteBuckets {
  ByteBucket in;
  ByteBucket out;

  ByteBuckets() = default;
  ByteBuckets(const ByteRates& rates, std::uint64_t burst) { set(rates, burst); }
  void set(const ByteRates& rates, std::uint64_t burst) {
    in.set(rates.in, burst);
    out.set(rates.out, burst);
  }
  bool is_full(ByteBucket::Time now) const { return in.is_full(now) && out.is_full(now); }
};

/// `limits.bandwidth` of a listener, through all its configurations. Any thread; set() is the control thread's.
class BandwidthLimits {
 public:
  using Rates = std::vector<std::shared_ptr<ByteBuckets>>;

  explicit BandwidthLimits(const BandwidthConfig& config) { set(config); }

  /// From now on these hold, for the connections that there are as well; they must be told.
  void set(const BandwidthConfig& config);
  bool is_limited() const { return limited_.load(std::memory_order_relaxed); }

  /// What a connection has to keep to: its own rates, its source's and the listener's. Without an address it has no
  /// source. Its own, which were null at first, it keeps from one call to the next, so that no call gives it another
  /// burst. Throws std::bad_alloc.
  Rates rates_of(const std::optional<IpAddress>& address, std::shared_ptr<ByteBuckets>& own, ByteBucket::Time now);

 private:
  /// How many sources are known before those that need not be are looked for.
  static constexpr std::size_t kSources = 1024;
  /// No more are remembered; of others each connection has the source's rates by itself.
  static constexpr std::size_t kMostSources = 262'144;
  /// Between two looks through all of them.
  static constexpr std::chrono::seconds kPause{1};

  std::shared_ptr<ByteBuckets> of_source(const IpAddress& source, ByteBucket::Time now);
  void forget_sources(ByteBucket::Time now);

  std::atomic<bool> limited_{false};
  const std::shared_ptr<ByteBuckets> all_ = std::make_shared<ByteBuckets>();
  std::mutex mutex_;  ///< of what follows
  BandwidthConfig config_;
  std::map<IpAddress, std::shared_ptr<ByteBuckets>> sources_;
  std::size_t look_at_ = kSources;
  ByteBucket::Time look_again_{};
};

}  // namespace weir
