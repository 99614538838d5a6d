#include "server/shaping/shaper.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/units.hpp"

namespace weir {

namespace {

using Time = Shaper::Time;

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

template <typename Kind>
const Kind* as(const faults::Met& met) {
  return std::get_if<Kind>(&met.fault->kind);
}

/// A fault's rate has no burst: it holds from the first byte on.
std::shared_ptr<ByteBuckets> bucket_of(const faults::Bandwidth& fault) {
  return std::make_shared<ByteBuckets>(ByteRates{.in = fault.rate}, 0);
}

/// When the time of a fault comes that ends a connection; nothing for others.
std::optional<Time> harm_at(const faults::Kind& kind, Time since) {
  std::optional<std::chrono::microseconds> after;
  if (const auto* reset = std::get_if<faults::Reset>(&kind)) after = reset->after;
  if (const auto* end = std::get_if<faults::End>(&kind)) after = end->after;
  return after ? std::optional<Time>(since + *after) : std::nullopt;
}

/// Whether the time of a Reset or End has come.
template <typename Harm>
bool time_has_come(const Harm& harm, Time since, Time now) {
  const bool at_once = !harm.after && !harm.after_bytes;
  return at_once || (harm.after && now >= since + *harm.after);
}

}  // namespace

void Shaper::renew(WayTerms terms, std::uint64_t read, Time now) {
  give_back();
  std::vector<Effect> before = std::exchange(effects_, {});
  effects_.reserve(terms.faults.size());
  buckets_ = std::move(terms.rates);
  for (faults::Met& met : terms.faults) {
    const auto known =
        std::find_if(before.begin(), before.end(), [&met](const Effect& old) { return old.met.fault == met.fault; });
    if (known != before.end()) {
      effects_.push_back(std::move(*known));
    } else {
      Effect& effect = effects_.emplace_back(Effect{.met = std::move(met), .begin = read, .since = now});
      if (const auto* stall = as<faults::Stall>(effect.met)) effect.next_stall = read + stall->after;
      const auto* bandwidth = as<faults::Bandwidth>(effect.met);
      if (bandwidth != nullptr && bandwidth->rate != 0) effect.bucket = bucket_of(*bandwidth);
    }
    if (effects_.back().bucket) buckets_.push_back({effects_.back().bucket, true});
  }
  const auto has = [this]<typename Kind>(const Kind&) {
    return std::any_of(effects_.begin(), effects_.end(),
                       [](const Effect& effect) { return as<Kind>(effect.met) != nullptr; });
  };
  delays_ = has(faults::Latency{}) || has(faults::Slice{}) || has(faults::Corrupt{});
  const bool has_less = std::any_of(before.begin(), before.end(), [](const Effect& old) {
    return old.met.fault != nullptr && as<faults::Latency>(old.met) != nullptr;
  });
  if (has_less) line_.release_all(now + delay_at(read));  // what is held back waits no longer than what comes now
}

/// A time that comes has to be known, whether or not there are bytes.
void Shaper::begin_turn(Time now) {
  now_ = now;
  due_ = Time::max();
  for (const Effect& effect : effects_) {
    const std::optional<Time> harm = harm_at(effect.met.fault->kind, effect.since);
    if (harm && *harm > now) wait_until(*harm);
  }
}

std::uint64_t Shaper::allowed_by_faults(std::uint64_t read, std::uint64_t most) {
  for (Effect& effect : effects_) most = std::min(most, allowed_by(effect, read, most));
  return most;
}

std::uint64_t Shaper::allowed_by(Effect& effect, std::uint64_t read, std::uint64_t most) {
  if (const auto* fault = as<faults::Stall>(effect.met)) return stall(effect, *fault, read);
  if (const auto* fault = as<faults::Bandwidth>(effect.met)) return fault->rate == 0 ? 0 : most;
  if (as<faults::HalfOpen>(effect.met) != nullptr) return 0;
  if (const auto* fault = as<faults::Reset>(effect.met)) return until_harm(effect, *fault, read, most);
  if (const auto* fault = as<faults::End>(effect.met)) return until_harm(effect, *fault, read, most);
  return most;
}

std::uint64_t Shaper::stall(Effect& effect, const faults::Stall& fault, std::uint64_t read) {
  while (now_ >= effect.stalled_until && read >= effect.next_stall) {
    const std::uint64_t place = effect.next_stall;
    effect.next_stall = fault.every == 0 ? kNever : place + fault.every;
    if (!faults::stalls_at(fault, effect.met.lot, place - effect.begin)) continue;
    effect.stalled_until = fault.duration.count() == 0 ? Time::max() : now_ + fault.duration;
  }
  if (now_ < effect.stalled_until) {
    wait_until(effect.stalled_until);
    return 0;
  }
  return effect.next_stall - read;
}

template <typename Harm>
std::uint64_t Shaper::until_harm(const Effect& effect, const Harm& harm, std::uint64_t read, std::uint64_t most) const {
  if (time_has_come(harm, effect.since, now_)) return 0;
  if (!harm.after_bytes) return most;
  const std::uint64_t end = effect.begin + *harm.after_bytes;
  return end > read ? end - read : 0;
}

void Shaper::book(std::uint64_t bytes) {
  for (const WayTerms::Rate& rate : buckets_) bytes = std::min(bytes, rate.bucket().share());
  const Time waited_until = std::exchange(booked_for_, Time{});
  for (const WayTerms::Rate& rate : buckets_) {
    booked_for_ = std::max(booked_for_, rate.bucket().book(bytes, now_, waited_until));
  }
  booked_ = bytes;
}

void Shaper::give_back() {
  if (booked_ == 0) return;
  for (const WayTerms::Rate& rate : buckets_) rate.bucket().give_back(booked_);
  booked_ = 0;
}

void Shaper::change(std::span<std::byte> bytes, std::uint64_t place) const {
  for (const Effect& effect : effects_) {
    const auto* fault = as<faults::Corrupt>(effect.met);
    if (fault == nullptr) continue;
    const std::uint64_t from = place - effect.begin;
    const std::uint64_t to = from + bytes.size();
    for (std::uint64_t block = from / fault->per_bytes; block * fault->per_bytes < to; ++block) {
      const faults::TurnedBit turned = faults::turned_bit(*fault, effect.met.lot, block);
      if (turned.place < from || turned.place >= to) continue;
      bytes[static_cast<std::size_t>(turned.place - from)] ^= static_cast<std::byte>(turned.mask);
    }
  }
}

std::chrono::microseconds Shaper::delay_at(std::uint64_t place) const {
  std::chrono::microseconds delay{0};
  for (const Effect& effect : effects_) {
    const auto* latency = as<faults::Latency>(effect.met);
    if (latency != nullptr) delay += faults::delay_at(*latency, effect.met.lot, place - effect.begin);
  }
  return std::min<std::chrono::microseconds>(delay, kLongestDuration);
}

/// What is cut by several is cut wherever one of them ends a slice.
std::size_t Shaper::may_write(std::uint64_t place, std::size_t most) {
  std::uint64_t allowed = most;
  for (Effect& effect : effects_) {
    const auto* slice = as<faults::Slice>(effect.met);
    if (slice == nullptr) continue;
    if (now_ < effect.next_slice) {
      wait_until(effect.next_slice);
      return 0;
    }
    if (effect.slice_end <= place) {
      // Bytes that were in line before the fault came are sliced by it as well.
      const std::uint64_t within = place > effect.begin ? place - effect.begin : 0;
      effect.slice_end = place + faults::slice_at(*slice, effect.met.lot, within);
    }
    allowed = std::min(allowed, effect.slice_end - place);
  }
  return static_cast<std::size_t>(allowed);
}

void Shaper::did_write(std::uint64_t place) {
  for (Effect& effect : effects_) {
    const auto* slice = as<faults::Slice>(effect.met);
    if (slice != nullptr && place >= effect.slice_end) effect.next_slice = now_ + slice->delay;
  }
}

bool Shaper::may_end(std::uint64_t read) {
  note_end();
  std::chrono::microseconds slow{0};
  for (const Effect& effect : effects_) {
    if (const auto* fault = as<faults::SlowClose>(effect.met)) slow += fault->delay;
  }
  const Time release = std::max(*ended_at_ + delay_at(read), line_.last_release()) +
                       std::min<std::chrono::microseconds>(slow, kLongestDuration);
  if (now_ >= release) return true;
  wait_until(release);
  return false;
}

std::optional<Shaper::Cut> Shaper::cut(std::uint64_t read, std::size_t pending) const {
  for (const Effect& effect : effects_) {
    const auto is_delivered = [&](const std::optional<std::uint64_t>& bytes) {
      return bytes && read >= effect.begin + *bytes && pending == 0;
    };
    if (const auto* reset = as<faults::Reset>(effect.met)) {
      if (time_has_come(*reset, effect.since, now_)) return Cut::reset;
      if (is_delivered(reset->after_bytes)) return Cut::reset_delivered;
    }
    if (const auto* end = as<faults::End>(effect.met)) {
      if ((time_has_come(*end, effect.since, now_) && pending == 0) || is_delivered(end->after_bytes)) return Cut::end;
    }
  }
  return std::nullopt;
}

}  // namespace weir
