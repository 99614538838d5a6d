#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "common/net.hpp"
#include "common/proxy_protocol.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/options.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// Checks every backend of an upstream that has a `health` section, one coroutine a backend, and tells the upstream
/// what it finds. Its checks end with it: what is on its way is cancelled, and its outcome says nothing. Control
/// thread.
class HealthChecker {
 public:
  HealthChecker(const net::Executor& executor, std::shared_ptr<Upstream> upstream);
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;
  ~HealthChecker();

  /// Begins to check those of its backends that are not checked yet. One that leaves the upstream is checked no more.
  void check_new_backends();

 private:
  struct Shared;
  static net::awaitable<void> keep_checking(std::shared_ptr<Shared> shared, std::shared_ptr<Backend> backend);

  const net::Executor executor_;
  std::stop_source stop_;
  const std::shared_ptr<Shared> shared_;
};

/// What came of one check.
struct CheckOutcome {
  enum class Result { passed, failed, undecided };  ///< undecided: this machine's fault, which says nothing
  Result result = Result::undecided;
  std::string why;
};

/// How a check is to speak to a backend: as connections do.
struct CheckSpeech {
  ProxyVersion proxy_protocol = ProxyVersion::none;
  std::shared_ptr<const tls::ClientContext> tls{};  ///< null: in the clear
  tls::StartTls starttls = tls::StartTls::none;
};

/// One check: connect, send a PROXY header if the backend expects one, do the handshake where TLS is spoken, which
/// fails where the certificate is not trusted, send `send`, and read until `expect` has come, all within `timeout`.
net::awaitable<CheckOutcome> check_backend(const Backend& backend, SourceTurns& sources, const HealthConfig& config,
                                           CheckSpeech speech);

}  // namespace weir
