#include "server/worker/accept_stop.hpp"

#include <vector>

namespace weir {

namespace {

/// A worker answers at the end of its turn.
constexpr std::chrono::milliseconds kWorkerPoll{1};

}  // namespace

std::vector<const ListeningSocket*> AcceptStop::sockets() const {
  std::vector<const ListeningSocket*> all;
  for (const ListeningSocket& socket : sockets_) all.push_back(&socket);
  return all;
}

std::vector<Endpoint> AcceptStop::endpoints() const {
  std::vector<Endpoint> all;
  for (const ListeningSocket& socket : sockets_) all.push_back(socket.endpoint());
  return all;
}

std::optional<std::chrono::milliseconds> AcceptStop::advance(bool at_once) {
  const auto when_done = [this] { done_.fetch_add(1, std::memory_order_release); };
  switch (stage_) {
    case Stage::listening:
      quiescence_.begin(sockets());
      stage_ = Stage::quiescing;
      [[fallthrough]];
    case Stage::quiescing:
      if (!at_once) {
        if (const auto pause = quiescence_.remaining(Quiescence::Clock::now())) return pause;
      }
      stage_ = Stage::stopping;
      for (Worker& worker : workers_) worker.stop_accepting(sockets(), when_done);
      return kWorkerPoll;
    case Stage::stopping:
      if (!all_done()) return kWorkerPoll;
      // A connection that one worker handed to another before it stopped is a session once every loop has come round.
      stage_ = Stage::settling;
      done_.store(0, std::memory_order_relaxed);
      for (Worker& worker : workers_) worker.settle(when_done);
      return kWorkerPoll;
    case Stage::settling:
      if (!all_done()) return kWorkerPoll;
      for (const ListenerPtr& listener : retired_) {
        for (Worker& worker : workers_) worker.retire(listener);
      }
      sockets_.clear();
      stage_ = Stage::closed;
      [[fallthrough]];
    case Stage::closed:
      break;
  }
  return std::nullopt;
}

}  // namespace weir
