#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/config/config_loader.hpp"
#include "server/prepare_upstream.hpp"
#include "server/upstream/upstream.hpp"
#include "server/worker/worker.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {

/// The data plane of a daemon with one listener, in this process: workers without a control thread. For programs that
/// link the server.
class DataPlane {
 public:
  DataPlane(const std::string& config, std::size_t workers)
      : config_(load_config_text(config, "test")),
        access_log_(config_.access_log, workers),
        open_(open(config_.listeners[0], workers)) {
    for (std::size_t i = 0; i < workers; ++i) {
      workers_.emplace_back(i, Shared{admission_, access_log_, spare_, refusals_, config_.relay.splice}, 8);
    }
    for (Worker& worker : workers_) worker.start(workers_);
    for (Worker& worker : workers_) worker.serve(open_.listener);
    for (Worker& worker : workers_) {
      for (const ListeningSocket& socket : open_.sockets) worker.accept_from(socket, open_.listener);
    }
  }
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  ~DataPlane() {
    stop_accepting();
    for (Worker& worker : workers_) worker.cut_sessions();
    EXPECT_TRUE(wait_until([this] { return active() == 0; })) << "a connection was counted in for ever";
    for (Worker& worker : workers_) worker.join();
  }

  Peer connect() const { return Peer::connect(open_.sockets[0].endpoint()); }

  std::deque<Worker>& workers() { return workers_; }

  /// Calls the function on that worker's thread and returns its result.
  template <typename Function>
  auto on_worker(std::size_t worker, Function function) {
    std::promise<decltype(function())> result;
    workers_[worker].settle([&result, function] { result.set_value(function()); });
    return result.get_future().get();
  }

  /// Once it returns nobody accepts, and every connection that was handed over is a session.
  void stop_accepting() {
    std::latch stopped(static_cast<std::ptrdiff_t>(workers_.size()));
    std::vector<const ListeningSocket*> sockets;
    for (const ListeningSocket& socket : open_.sockets) sockets.push_back(&socket);
    for (Worker& worker : workers_) worker.stop_accepting(sockets, [&stopped] { stopped.count_down(); });
    stopped.wait();
    for (std::size_t i = 0; i < workers_.size(); ++i) on_worker(i, [] { return true; });
  }

  /// Does what the end of a drain does; afterwards only sessions hold the listener.
  std::weak_ptr<Listener> retire() {
    for (Worker& worker : workers_) worker.retire(open_.listener);
    std::weak_ptr<Listener> listener = open_.listener;
    open_.listener.reset();
    return listener;
  }

  std::uint64_t ended(SessionEnd end) const { return open_.listener->ended(end); }
  std::uint64_t active() const { return admission_.totals().active; }

 private:
  OpenListener open(const ListenerConfig& config, std::size_t workers) {
    Service service = EchoService{EchoConfig::Transform::none};
    if (!config_.upstreams.empty()) {
      auto upstream = std::make_shared<const UpstreamConfig>(config_.upstreams[0]);
      service = ProxyService(std::make_shared<Upstream>(prepare_upstream(std::move(upstream)), workers));
    }
    return {std::make_shared<Listener>(config, std::move(service), admission_, sources_, workers),
            open_listening_sockets(config, 128, workers)};
  }

  ServerConfig config_;
  Admission admission_{ProcessLimits{1000}};
  SourceTable sources_{100, {100, std::chrono::hours(1)}};
  io::SpareDescriptor spare_;
  LogLimiter refusals_;
  AccessLog access_log_;
  OpenListener open_;
  std::deque<Worker> workers_;
};

}  // namespace weir::test
