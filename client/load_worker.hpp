#pragma once

#include <cstdint>
#include <latch>
#include <thread>

#include "client/worker_context.hpp"

namespace weir::load {

/// One thread of the generator with its event loop and its share of the connections, each of them a coroutine. For the
/// main thread.
class LoadWorker {
 public:
  explicit LoadWorker(const WorkerPlan& plan) : context_(plan) {}

  /// Starts the thread, which opens its connections and then waits.
  void start();
  void begin(Window window);
  /// Sends no more; what is under way may end.
  void drain();
  /// What is still under way is counted as unfinished.
  void abandon();
  void stop_and_join();
  /// Copies the response times so far; counts the latch down when that is done.
  void copy_response(Histogram& into, std::latch& done);
  const LiveCounters& live() const { return context_.live(); }
  /// After stop_and_join().
  const WorkerStats& stats() const { return context_.stats(); }
  io::Clock::time_point last_reply() const { return context_.last_reply(); }

 private:
  net::awaitable<void> launch();
  void spawn_connection(std::uint32_t index);

  WorkerContext context_;
  std::thread thread_;
};

}  // namespace weir::load
