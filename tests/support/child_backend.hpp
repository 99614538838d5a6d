#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <string>

namespace weir::test {

/// A backend in a process of its own, so that it can die as processes do. It serves one connection: it sends its bytes
/// and reads a given number, both at once, and then keeps the connection open.
class ChildBackend {
 public:
  ChildBackend(const std::string& bytes, std::size_t most);
  ~ChildBackend();
  ChildBackend(const ChildBackend&) = delete;
  ChildBackend& operator=(const ChildBackend&) = delete;

  const std::string& address() const { return address_; }
  /// How many of its bytes the kernel has taken so far, and how many it has read.
  std::size_t sent() const { return progress_->sent; }
  std::size_t taken() const { return progress_->taken; }

  /// SIGKILL. Its sockets are closed when this returns.
  void kill();

 private:
  struct Progress {
    std::atomic<std::size_t> sent{0};
    std::atomic<std::size_t> taken{0};
  };

  [[noreturn]] static void serve(int listener, const std::string& bytes, std::size_t most, Progress& progress);

  std::string address_;
  Progress* progress_;  ///< in memory shared by both processes
  pid_t pid_ = -1;
};

}  // namespace weir::test
