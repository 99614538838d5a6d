#pragma once

#include <cstdint>
#include <latch>
#include <memory>
#include <thread>

#include "client/worker_context.hpp"

namespace weir::load {

/// One thread of the generator with its event loop and its share of the connections, each of them a coroutine. For the
/// main thread.
class LoadWorker {
 public:
  explicit LoadWorker(const WorkerPlan& plan) : context_(plan) {}
  LoadWorker(const LoadWorker&) = delete;
  LoadWorker& operator=(const LoadWorker&) = delete;
  ~LoadWorker() { stop_and_join(); }

  /// Starts the thread, which opens its connections and then waits.
  void start();
  void begin(const Window& window, Ranks ranks);
  /// Sends no more of what is due from `at` on; what is under way may end.
  void drain(io::Clock::time_point at);
  /// What is still under way is counted as unfinished.
  void abandon();
  void stop_and_join();
  /// Takes what was found out since the last time into `stats`, whose empty ones the worker goes on with; counts the
  /// latch down when that is done.
  void exchange_stats(std::unique_ptr<WorkerStats>& stats, std::latch& done);
  const LiveCounters& live() const { return context_.live(); }
  /// After stop_and_join().
  const WorkerContext& context() const { return context_; }

 private:
  net::awaitable<void> launch();
  void spawn(net::awaitable<void> coroutine);
  void spawn_connection(std::uint32_t index);

  WorkerContext context_;
  std::thread thread_;
};

}  // namespace weir::load
