#pragma once

#include <optional>
#include <utility>

#include "common/net.hpp"
#include "server/admin/answers.hpp"
#include "server/admin/caller.hpp"
#include "server/admin/daemon.hpp"
#include "server/admin/reply.hpp"
#include "server/admin/request.hpp"
#include "server/admin/token_file.hpp"
#include "server/config/server_config.hpp"

namespace weir::admin {

struct Call;

/// What docs/api.md promises. Both arguments outlive it, and the configuration may change between two requests. Control
/// thread.
class Api : public Answers {
 public:
  Api(const AdminConfig& config, Daemon& daemon) : config_(config), daemon_(daemon), token_(config.token_file) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void set_token_file(TokenFile file) override { token_ = std::move(file); }

  /// By the rules of guard.hpp.
  std::optional<Reply> refuse(const Caller& caller, const RequestHead& head) override;

  /// Nothing reaches the daemon that may not. What the daemon throws becomes a reply too, except that a wait that is
  /// cancelled throws.
  net::awaitable<Reply> answer(Caller caller, Request request) override;

 private:
  struct Route;
  struct Routes;

  Reply healthz(const Call& call);
  Reply readyz(const Call& call);
  Reply metrics(const Call& call);
  Reply page(const Call& call);
  Reply status(const Call& call);
  Reply history(const Call& call);
  Reply records(const Call& call);
  Reply config(const Call& call);
  Reply drain_backend(const Call& call);
  Reply enable_backend(const Call& call);
  Reply faults(const Call& call);
  net::awaitable<Reply> set_fault(const Call& call);
  net::awaitable<Reply> remove_fault(const Call& call);
  net::awaitable<Reply> clear_faults_of_listener(const Call& call);
  net::awaitable<Reply> clear_faults(const Call& call);
  Reply drain(const Call& call);
  Reply log_level(const Call& call);
  Reply set_log_level(const Call& call);
  net::awaitable<Reply> connections(const Call& call);
  net::awaitable<Reply> sources(const Call& call);
  net::awaitable<Reply> reload(const Call& call);
  net::awaitable<Reply> upgrade(const Call& call);
  net::awaitable<Reply> kill(const Call& call);
  net::awaitable<Reply> drain_listener(const Call& call);
  net::awaitable<Reply> enable_listener(const Call& call);

  const AdminConfig& config_;
  Daemon& daemon_;
  TokenFile token_;
};

}  // namespace weir::admin
