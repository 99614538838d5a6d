#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/descriptor.hpp"

namespace weir {

/// Where a log's lines go: a file, a pipe, a socket, a terminal. It may take nothing for as long as nobody reads it.
/// The thread that writes waits for it; nobody else waits for that thread.
///
///     log thread ────────▶ write() ─▶ poll(2), write(2)     one thread at a time, in whole lines
///     access-log thread ─▶ write()     ▲
///     control thread ────▶ reopen() ───┤  never blocks
///     main thread ───────▶ interrupt() ┘  never blocks
class LogDestination {
 public:
  /// A path, or "-" for stderr. Logs that name the same share it, so that their lines stay whole. Throws
  /// std::runtime_error when it cannot be opened.
  static std::shared_ptr<LogDestination> open(const std::string& file);
  /// What keeps this process from opening it, or nothing. Opens and makes nothing.
  static std::string problem_with(const std::string& file);
  LogDestination(const LogDestination&) = delete;
  LogDestination& operator=(const LogDestination&) = delete;

  struct Written {
    std::size_t bytes = 0;
    int error = 0;      ///< errno of what ended it early; 0 also where the writer gave up
    bool late = false;  ///< it took no more, and `until` had come
  };

  using Time = std::chrono::steady_clock::time_point;
  using Deadline = std::atomic<Time>;
  static_assert(Deadline::is_always_lock_free);
  static constexpr Time kNever = Time::max();

  /// Writes lines, and waits as long as it takes, or until `given_up` is set or `until` set earlier and interrupt()
  /// called. After `until` it writes what is taken without a wait. A line that was cut short is never continued by
  /// another: the next one begins on a line of its own. A log's own thread.
  Written write(std::string_view lines, const std::atomic<bool>& given_up, const Deadline& until);
  Written write(std::string_view lines, const std::atomic<bool>& given_up);

  /// Lets the threads that wait in write() look around. One that is just about to call write(2) can miss it: repeat it
  /// while it matters. Any thread.
  void interrupt();

  /// Opens the path anew; what is being written goes on there, from the beginning of its line. Throws
  /// std::runtime_error when that fails; the old file is then kept. Nothing to do for stderr. Any thread.
  void reopen();

  /// All that are in use. Any thread.
  static std::vector<std::shared_ptr<LogDestination>> all();

  /// Bytes written so far. Any thread.
  std::uint64_t progress() const { return progress_.load(std::memory_order_relaxed); }

  /// Whether it may take nothing for ever, as a file on a disk does not. Any thread.
  bool may_block() const;

 private:
  /// How to write without being held for ever.
  enum class Kind {
    file,    ///< takes everything at once
    socket,  ///< each call says that it must not block
    own,     ///< was opened here, in non-blocking mode
    shared,  ///< came from whoever started the program and shares its mode, which is not ours to change: poll(2) first
  };
  struct Target {
    io::Descriptor fd;
    Kind kind = Kind::file;
    bool torn = false;  ///< ends in the middle of a line
  };

  explicit LogDestination(const std::string& file);
  Target open_target() const;
  /// Switches to the next target; returns the one before.
  Target take_next();
  /// False where `until` comes first, while another writes.
  bool wait_until_free(std::unique_lock<std::mutex>& lock, const std::atomic<bool>& given_up, const Deadline& until);
  enum class Wait { writable, woken, late };
  Wait wait_until_writable(const Deadline& until);
  ssize_t write_once(std::string_view bytes);
  void write_chunk(std::string_view lines, Written& done, const Deadline& until);

  const std::string file_;
  Target target_;               ///< replaced under the mutex, while busy by the writer only
  std::optional<Target> next_;  ///< what the writer replaces it with
  const io::Descriptor wake_;   ///< an eventfd that wakes poll(2)
  mutable std::mutex mutex_;    ///< never held across a call that may block
  std::condition_variable free_;
  bool busy_ = false;
  pthread_t writer_{};
  std::atomic<std::uint64_t> progress_{0};
};

}  // namespace weir
