#include "server/upstream/wait_queue.hpp"

#include <optional>

namespace weir {

namespace {

constexpr WaitQueue::Ticket kLastTicket = ~WaitQueue::Ticket{0};

/// The line for who has tried these; nothing where every backend that is up is among them.
std::optional<TierKey> line_of(const Tiers& tiers, Tried tried) {
  if (const Tier* tier = tiers.first_untried(tried)) return tier->key;
  if (tiers.any_up()) return std::nullopt;
  return TierKey::last();
}

}  // namespace

void WaitQueue::add(QueuedWaiter& waiter, const Tiers& tiers) {
  if (waiter.tried().empty()) {
    newcomers_.emplace(waiter.ticket(), &waiter);
  } else if (const auto line = line_of(tiers, waiter.tried())) {
    waiter.set_line(*line);
    retries_.emplace(std::pair(*line, waiter.ticket()), &waiter);
  } else {
    waiter.leave_with({nullptr, 0, Tiers::Blocked::all_tried});
  }
}

void WaitQueue::remove(QueuedWaiter& waiter) {
  if (waiter.tried().empty()) {
    newcomers_.erase(waiter.ticket());
  } else {
    retries_.erase({waiter.line(), waiter.ticket()});
  }
}

QueuedWaiter* WaitQueue::next(const Tiers& tiers) const {
  QueuedWaiter* first = nullptr;
  if (!newcomers_.empty() && tiers.has_room()) first = newcomers_.begin()->second;
  for (auto head = retries_.begin(); head != retries_.end();
       head = retries_.upper_bound({head->first.first, kLastTicket})) {
    QueuedWaiter* waiter = head->second;
    if (first != nullptr && first->ticket() < waiter->ticket()) continue;
    if (tiers.has_room_up_to(waiter->line())) first = waiter;
  }
  return first;
}

void WaitQueue::reline(const Tiers& tiers, const Tiers::Move& move, std::size_t most_tried) {
  if (retries_.empty()) return;
  if (move.modes) return reline(tiers);
  // A backend that joins a tier is news to those who wait for later ones; one that leaves it, to those who wait there
  // and may have tried all others.
  if (move.to != nullptr) reline(tiers, retries_.upper_bound({move.to->key, kLastTicket}), retries_.end());
  if (move.from != nullptr && move.from->up < most_tried) {
    const Lines::iterator end = retries_.upper_bound({move.from->key, kLastTicket});
    reline(tiers, retries_.lower_bound({move.from->key, 0}), end);
  }
}

void WaitQueue::reline(const Tiers& tiers) { reline(tiers, retries_.begin(), retries_.end()); }

void WaitQueue::reline(const Tiers& tiers, Lines::iterator from, Lines::iterator to) {
  while (from != to) {
    const Lines::iterator at = from++;
    QueuedWaiter& waiter = *at->second;
    const std::optional<TierKey> line = line_of(tiers, waiter.tried());
    if (!line) {
      retries_.erase(at);
      waiter.leave_with({nullptr, 0, Tiers::Blocked::all_tried});
    } else if (*line != waiter.line()) {
      Lines::node_type node = retries_.extract(at);  // so that nothing is allocated
      node.key().first = *line;
      waiter.set_line(*line);
      retries_.insert(std::move(node));
    }
  }
}

}  // namespace weir
