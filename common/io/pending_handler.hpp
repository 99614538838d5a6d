#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace weir::io {

/// Holds the one completion handler of a coroutine that waits, without an allocation: Asio's awaitable handlers are a
/// pointer wide. (Boost 1.81 has no `any_completion_handler`, and that one would allocate.)
class PendingHandler {
 public:
  PendingHandler() = default;
  PendingHandler(const PendingHandler&) = delete;
  PendingHandler& operator=(const PendingHandler&) = delete;
  ~PendingHandler() { reset(); }

  /// Destroys the handler, and with it the coroutine that waits.
  void reset() {
    if (operate_ != nullptr) std::exchange(operate_, nullptr)(buffer_, Action::destroy);
  }

  explicit operator bool() const { return operate_ != nullptr; }

  /// Only while empty.
  template <typename Handler>
  void store(Handler handler) {
    static_assert(sizeof(Handler) <= sizeof(buffer_) && alignof(Handler) <= alignof(void*));
    ::new (static_cast<void*>(buffer_)) Handler(std::move(handler));
    operate_ = [](std::byte* buffer, Action action) {
      Handler* stored = std::launder(reinterpret_cast<Handler*>(buffer));
      Handler taken(std::move(*stored));
      stored->~Handler();
      if (action == Action::call) std::move(taken)();
    };
  }

  /// Only while not empty. It is empty, and may be stored into again, by the time the handler runs.
  void call() { std::exchange(operate_, nullptr)(buffer_, Action::call); }

 private:
  enum class Action { call, destroy };

  alignas(void*) std::byte buffer_[sizeof(void*)];
  void (*operate_)(std::byte*, Action) = nullptr;
};

}  // namespace weir::io
