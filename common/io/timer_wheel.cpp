#include "common/io/timer_wheel.hpp"

#include <algorithm>

namespace weir::io {

namespace {

constexpr auto kTickNs = std::chrono::duration_cast<std::chrono::nanoseconds>(TimerWheel::kTick);

}  // namespace

TimerWheel::TimerWheel(Clock::time_point origin) : origin_(origin) {
  for (Node& bucket : buckets_) bucket.next_ = bucket.previous_ = &bucket;
}

std::uint64_t TimerWheel::tick_floor(Clock::time_point time) const {
  if (time <= origin_) return 0;
  return static_cast<std::uint64_t>((time - origin_) / kTickNs);
}

std::uint64_t TimerWheel::tick_ceil(Clock::time_point time) const {
  if (time <= origin_) return 0;
  return static_cast<std::uint64_t>((time - origin_ + kTickNs - std::chrono::nanoseconds(1)) / kTickNs);
}

void TimerWheel::schedule(Node& node, Clock::time_point due) {
  if (node.scheduled()) {
    const bool later = due >= node.due_;
    node.due_ = due;
    if (later) return;
    unlink(node);
  }
  node.due_ = due;
  link(node);
}

void TimerWheel::cancel(Node& node) {
  if (node.scheduled()) unlink(node);
}

void TimerWheel::link(Node& node) {
  // What lies beyond the horizon waits in the farthest bucket and is queued again from there.
  const std::uint64_t tick = std::clamp(tick_ceil(node.due_), tick_ + 1, tick_ + kBuckets - 1);
  Node& bucket = buckets_[tick % kBuckets];
  node.previous_ = bucket.previous_;
  node.next_ = &bucket;
  bucket.previous_->next_ = &node;
  bucket.previous_ = &node;
  next_ = count_ == 0 ? tick : std::min(next_, tick);
  ++count_;
}

void TimerWheel::unlink(Node& node) {
  node.previous_->next_ = node.next_;
  node.next_->previous_ = node.previous_;
  node.previous_ = node.next_ = nullptr;
  --count_;
}

void TimerWheel::splice(Node& from, Node& to) {
  if (from.next_ == &from) {
    to.next_ = to.previous_ = &to;
    return;
  }
  to.next_ = from.next_;
  to.previous_ = from.previous_;
  to.next_->previous_ = &to;
  to.previous_->next_ = &to;
  from.next_ = from.previous_ = &from;
}

std::chrono::milliseconds TimerWheel::until_next(Clock::time_point now) {
  if (empty()) return std::chrono::milliseconds(-1);
  next_ = std::max(next_, tick_ + 1);
  while (buckets_[next_ % kBuckets].next_ == &buckets_[next_ % kBuckets]) ++next_;
  const Clock::time_point at = origin_ + kTickNs * static_cast<std::int64_t>(next_);
  return at <= now ? std::chrono::milliseconds(0) : std::chrono::ceil<std::chrono::milliseconds>(at - now);
}

}  // namespace weir::io
