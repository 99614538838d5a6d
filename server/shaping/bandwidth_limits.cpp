#include "server/shaping/bandwidth_limits.hpp"

#include <algorithm>

namespace weir {

namespace {

bool any(const ByteRates& rates) { return rates.in != 0 || rates.out != 0; }

}  // namespace

void BandwidthLimits::set(const BandwidthConfig& config) {
  const std::lock_guard lock(mutex_);
  config_ = config;
  all_->set(config.all, config.burst);
  for (auto& [address, buckets] : sources_) buckets->set(config.per_source, config.burst);
  limited_.store(any(config.all) || any(config.per_connection) || any(config.per_source), std::memory_order_relaxed);
}

BandwidthLimits::Rates BandwidthLimits::rates_of(const std::optional<IpAddress>& address,
                                                 std::shared_ptr<ByteBuckets>& own, ByteBucket::Time now) {
  const std::lock_guard lock(mutex_);
  Rates rates;
  if (any(config_.per_connection)) {
    if (own == nullptr) own = std::make_shared<ByteBuckets>();
    own->set(config_.per_connection, config_.burst);
    rates.push_back(own);
  }
  if (any(config_.per_source) && address) rates.push_back(of_source(address->source(), now));
  if (any(config_.all)) rates.push_back(all_);
  return rates;
}

std::shared_ptr<ByteBuckets> BandwidthLimits::of_source(const IpAddress& source, ByteBucket::Time now) {
  if (sources_.size() >= look_at_ && now >= look_again_) forget_sources(now);
  const auto known = sources_.find(source);
  if (known != sources_.end()) return known->second;
  auto made = std::make_shared<ByteBuckets>(config_.per_source, config_.burst);
  if (sources_.size() < kMostSources) sources_.emplace(source, made);
  return made;
}

/// Those without a connection whose burst is whole again are as good as new.
void BandwidthLimits::forget_sources(ByteBucket::Time now) {
  std::erase_if(sources_,
                [now](const auto& known) { return known.second.use_count() == 1 && known.second->is_full(now); });
  look_at_ = std::clamp(2 * sources_.size(), kSources, kMostSources);
  look_again_ = now + kPause;
}

}  // namespace weir
