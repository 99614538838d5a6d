#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace weir::io {

using Clock = std::chrono::steady_clock;

/// The one timer of a thread: 512 buckets of 50 ms, after Varghese and Lauck, "Hashed and Hierarchical Timing Wheels"
/// (SOSP 1987), re-queued lazily.
///
/// A node fires never early and, when advance() is called on time, at most 50 ms late. Moving a deadline back, which
/// is what traffic does, costs one store: the node stays in its bucket and finds its way when that comes up. A wheel
/// without nodes asks for no wake-up. One thread only.
class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{50};
  static constexpr std::size_t kBuckets = 512;

  /// What is queued. Derive from it; a node must be cancelled before it goes.
  class Node {
   public:
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    bool scheduled() const { return next_ != nullptr; }

   private:
    friend class TimerWheel;
    Node* previous_ = nullptr;
    Node* next_ = nullptr;
    Clock::time_point due_{};
  };

  /// `origin` is time zero of the wheel; advance() goes on from there.
  explicit TimerWheel(Clock::time_point origin);

  /// Makes the node fire once at `due` or within a tick after it; replaces what it was scheduled for.
  void schedule(Node& node, Clock::time_point due);
  void cancel(Node& node);
  bool empty() const { return count_ == 0; }

  /// Calls `fire(node)` for each node that is due at `now`; the node is unscheduled when it is called and may be
  /// scheduled again. `fire` must not cancel other nodes.
  template <typename Fire>
  void advance(Clock::time_point now, Fire&& fire) {
    for (const std::uint64_t target = tick_floor(now); tick_ < target;) {
      ++tick_;
      Node& bucket = buckets_[tick_ % kBuckets];
      Node due_now;
      splice(bucket, due_now);
      while (due_now.next_ != &due_now) {
        Node& node = *due_now.next_;
        unlink(node);
        if (node.due_ <= now) {
          fire(node);
        } else {
          link(node);
        }
      }
      due_now.next_ = due_now.previous_ = nullptr;
      if (count_ == 0) tick_ = target;
    }
  }

  /// How long a wait may last before the next bucket that holds a node comes up; negative when there is none.
  std::chrono::milliseconds until_next(Clock::time_point now);

 private:
  std::uint64_t tick_floor(Clock::time_point time) const;
  std::uint64_t tick_ceil(Clock::time_point time) const;
  void link(Node& node);
  void unlink(Node& node);
  static void splice(Node& from, Node& to);

  Clock::time_point origin_;
  std::uint64_t tick_ = 0;  ///< the last tick that advance() finished
  std::uint64_t next_ = 0;  ///< no bucket between tick_ and this one holds a node
  std::size_t count_ = 0;
  std::array<Node, kBuckets> buckets_;
};

}  // namespace weir::io
