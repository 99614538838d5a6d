#include "client/stream/stream_worker.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "client/stream/stream_connection.hpp"

namespace weir::load {

namespace {

constexpr int kConnectsPerTurn = 8;

/// A stream's coroutine does not throw; what comes here is a defect or the end of memory.
void die(std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-load: internal error: %s\n", error.what());
  }
  std::abort();
}

/// The worker's thread is the only writer.
void bump(std::atomic<std::uint32_t>& counter, std::int32_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(by), std::memory_order_release);
}

}  // namespace

StreamWorker::StreamWorker(const StreamPlan& plan, std::uint32_t first, std::uint32_t streams,
                           std::uint32_t connects_at_once)
    : plan_(plan), first_(first), connects_at_once_(connects_at_once), outcomes_(streams), connections_(streams) {}

void StreamWorker::start() {
  thread_ = std::thread([this] {
    loop_.spawn(pacer_.run(kSlotKind), die);
    loop_.spawn(launch(), die);
    loop_.run();
  });
}

void StreamWorker::begin() {
  loop_.post([this] {
    if (phase_ == Phase::connecting) phase_ = Phase::sending;
    loop_.wake_all(kSlotKind);
  });
}

void StreamWorker::finish() {
  loop_.post([this] {
    phase_ = Phase::closing;
    loop_.wake_all(kSlotKind);
  });
}

void StreamWorker::stop_and_join() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void StreamWorker::sample(std::vector<StreamProgress>& into, std::latch& done) {
  loop_.post([this, &into, &done] {
    into.resize(outcomes_.size());
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      into[i] = connections_[i] != nullptr ? connections_[i]->progress() : outcomes_[i].progress;
    }
    done.count_down();
  });
}

void StreamWorker::stream_reached() {
  bump(reached_);
  bump(open_);
}

void StreamWorker::stream_settled() {
  --unsettled_;
  bump(settled_);
  plan_.notifier.ring();
}

void StreamWorker::stream_finished(const StreamOutcome& outcome) {
  if (outcome.reached) bump(open_, -1);
  if (outcome.failure != Failure::none || outcome.wrong) bump(failed_);
  bump(finished_);
  plan_.notifier.ring();
}

net::awaitable<void> StreamWorker::launch() {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  const auto streams = static_cast<std::uint32_t>(outcomes_.size());
  for (std::uint32_t started = 0; started < streams;) {
    int burst = 0;
    while (started < streams && unsettled_ < connects_at_once_ && burst++ < kConnectsPerTurn) {
      ++unsettled_;
      loop_.spawn(run_stream(*this, started++), die);
    }
    if (burst >= kConnectsPerTurn) {
      co_await slot->yield();
    } else {
      PacedWait().until(pacer_, *slot, io::Clock::now() + std::chrono::milliseconds(1), io::Clock::now());
      co_await slot->wait();
    }
  }
}

}  // namespace weir::load
