#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "common/net.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// Checks every server of the upstreams that have a `health` section, one coroutine a server, and tells the upstream
/// what it finds. Control thread only.
class HealthChecker {
 public:
  /// Runs on `context`, which must be gone before this.
  explicit HealthChecker(net::asio::io_context& context);
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  /// Begins to check those of its servers that are not checked yet. Who leaves the upstream is checked no more.
  void watch_servers(const std::shared_ptr<Upstream>& upstream);

 private:
  net::awaitable<void> watch(std::shared_ptr<Upstream> upstream, std::shared_ptr<Backend> backend);

  net::Executor executor_;
  std::set<Backend::Id> watched_;
  std::minstd_rand lots_{std::random_device()()};
};

/// What came of one check.
struct CheckOutcome {
  enum class Result { passed, failed, undecided };  ///< undecided: this machine's fault, which says nothing
  Result result = Result::undecided;
  std::string why;
};

/// One check: connect, send `opening`, and read until `expect` has come, all within `timeout`.
net::awaitable<CheckOutcome> check_backend(const Backend& backend, SourceTurns& sources, const HealthConfig& config,
                                           const std::string& opening);

}  // namespace weir
