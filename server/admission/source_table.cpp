#include "server/admission/source_table.hpp"

#include <new>
#include <random>

#include "common/stable_hash.hpp"

namespace weir {

namespace {

/// Random in each process, so that nobody outside can choose addresses that collide in one bucket.
const std::uint64_t kSeed = std::random_device()() | std::uint64_t{std::random_device()()} << 32;

std::uint64_t seeded_hash(const IpAddress& address) { return mix(mix(address.high ^ kSeed) ^ address.low); }

}  // namespace

std::size_t SourceTable::Hash::operator()(const IpAddress& address) const { return seeded_hash(address); }

SourceTable::SourceTable(std::uint32_t connections, const Rate& rate)
    : connections_(connections),
      rate_(rate),
      counts_(connections != 0 || rate.count != 0 ? std::make_shared<Counts>() : nullptr) {}

SourceTable::SourceTable(std::uint32_t connections, const Rate& rate, const SourceTable& before)
    : SourceTable(connections, rate) {
  if (counts_ && before.counts_) counts_ = before.counts_;
}

SourceTable::Shard& SourceTable::shard_of(const IpAddress& source) const {
  return counts_->shards[(seeded_hash(source) >> 32) % kShards];
}

void SourceTable::Shard::forget_first() {
  const Source& first = *idle.begin();
  idle.erase(idle.begin());
  sources.erase(sources.find(*first.address));
}

std::optional<SessionEnd> SourceTable::enter(const IpAddress& source, Time now) try {
  if (!counts_) return std::nullopt;
  const IpAddress key = source.source();
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  for (int i = 0; i < kForgottenACall && !shard.idle.empty(); ++i) {
    if (shard.idle.begin()->bucket.full_at() > now) break;
    shard.forget_first();
  }
  const auto [place, added] = shard.sources.try_emplace(key);
  Source& known = place->second;
  if (connections_ != 0 && known.connections >= connections_) return SessionEnd::refused_limit;
  if (!known.bucket.admit(rate_, now)) return SessionEnd::refused_rate;
  if (added) {
    known.address = &place->first;
  } else if (known.connections == 0) {
    shard.idle.erase(shard.idle.iterator_to(known));  // by iterator: its key, the bucket, has changed already
  }
  ++known.connections;
  return std::nullopt;
} catch (const std::bad_alloc&) {
  return SessionEnd::refused_resources;
}

void SourceTable::leave(const IpAddress& source) {
  if (!counts_) return;
  const IpAddress key = source.source();
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto known = shard.sources.find(key);
  if (--known->second.connections > 0) return;
  // Its bucket may be that of another configuration.
  if (rate_.count == 0 && known->second.bucket.full_at() == Time{}) {
    shard.sources.erase(known);
    return;
  }
  shard.idle.insert(known->second);
  if (shard.idle.size() > kMostIdleOfShard) shard.forget_first();
}

std::size_t SourceTable::size() const {
  std::size_t sources = 0;
  if (!counts_) return sources;
  for (const Shard& shard : counts_->shards) {
    const std::lock_guard lock(shard.mutex);
    sources += shard.sources.size();
  }
  return sources;
}

}  // namespace weir
