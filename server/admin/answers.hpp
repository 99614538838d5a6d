#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/net.hpp"
#include "server/admin/caller.hpp"
#include "server/admin/reply.hpp"
#include "server/admin/request.hpp"
#include "server/admin/token_file.hpp"
#include "server/config/server_config.hpp"

namespace weir::admin {

/// What answers the requests that come to an endpoint, without sockets: a request in, a reply out. Control thread.
class Answers {
 public:
  virtual ~Answers() = default;

  /// The reply to a request that its head alone forbids; nothing where its body may come.
  virtual std::optional<Reply> refuse(const Caller& caller, const RequestHead& head) = 0;
  /// The reply to a request. It asks refuse() itself. A wait that is cancelled throws.
  virtual net::awaitable<Reply> answer(Caller caller, Request request) = 0;
  /// Where the token is from now on, for those who ask for one.
  virtual void set_token_file(TokenFile /*file*/) {}
};

/// Makes them, once the configuration by which they go has its place. It may change between two requests.
using MakeAnswers = std::function<std::unique_ptr<Answers>(const AdminConfig& config)>;

}  // namespace weir::admin
