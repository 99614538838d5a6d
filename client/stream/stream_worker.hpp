#pragma once

#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

#include "client/stream/stream_context.hpp"

namespace weir::load {

/// One thread of the generator with its event loop and its share of the streams, each of them a coroutine. For the main
/// thread.
class StreamWorker {
 public:
  StreamWorker(const StreamPlan& plan, std::uint32_t first, std::uint32_t streams, std::uint32_t connects_at_once)
      : connects_at_once_(connects_at_once), context_(plan, first, streams) {}

  /// Starts the thread, which opens its streams and waits for their first answers.
  void start();
  void begin() { enter(StreamContext::Phase::sending); }
  /// Each stream sends its FIN now, and ends with the peer's.
  void finish() { enter(StreamContext::Phase::closing); }
  /// Those that have not ended are given up.
  void abandon() { enter(StreamContext::Phase::abandoned); }
  void stop_and_join();
  /// Writes how far each stream has come, then counts the latch down.
  void sample(std::vector<StreamProgress>& into, std::latch& done);
  const StreamContext::Counters& counters() const { return context_.counters(); }
  /// After stop_and_join().
  const std::vector<StreamOutcome>& outcomes() const { return context_.outcomes(); }

 private:
  void enter(StreamContext::Phase phase) {
    context_.loop().post([this, phase] { context_.enter(phase); });
  }
  net::awaitable<void> launch();

  const std::uint32_t connects_at_once_;
  StreamContext context_;
  std::thread thread_;
};

}  // namespace weir::load
