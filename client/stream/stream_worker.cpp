#include "client/stream/stream_worker.hpp"

#include "client/die.hpp"
#include "client/stream/stream_connection.hpp"

namespace weir::load {

namespace {

/// How many connects are started before the loop looks at what became of the earlier ones.
constexpr int kConnectsPerTurn = 8;

}  // namespace

void StreamWorker::start() {
  thread_ = std::thread([this] {
    context_.loop().spawn(context_.pacer().run(StreamContext::kSlotKind), die);
    context_.loop().spawn(launch(), die);
    context_.loop().run();
  });
}

void StreamWorker::stop_and_join() {
  context_.loop().stop();
  if (thread_.joinable()) thread_.join();
}

void StreamWorker::sample(std::vector<StreamProgress>& into, std::latch& done) {
  context_.loop().post([this, &into, &done] {
    into.clear();
    for (std::uint32_t i = 0; i < context_.outcomes().size(); ++i) {
      const StreamConnection* connection = context_.connection(i);
      into.push_back(connection != nullptr ? connection->progress() : context_.outcomes()[i].progress);
    }
    done.count_down();
  });
}

net::awaitable<void> StreamWorker::launch() {
  const io::SlotPtr slot = context_.loop().acquire(StreamContext::kSlotKind);
  const auto streams = static_cast<std::uint32_t>(context_.outcomes().size());
  PacedWait paced;
  for (std::uint32_t started = 0; started < streams;) {
    int burst = 0;
    for (; started < streams && context_.unsettled() < connects_at_once_ && burst < kConnectsPerTurn; ++burst) {
      context_.starting();
      context_.loop().spawn(run_stream(context_, started++), die);
    }
    if (burst == kConnectsPerTurn) {
      co_await slot->yield();
    } else {
      const io::Clock::time_point now = io::Clock::now();
      paced.until(context_.pacer(), *slot, now + std::chrono::milliseconds(1), now);
      co_await slot->wait();
    }
  }
}

}  // namespace weir::load
