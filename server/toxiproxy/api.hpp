#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/net.hpp"
#include "server/admin/answers.hpp"
#include "server/admin/target.hpp"
#include "server/toxiproxy/daemon.hpp"
#include "server/toxiproxy/problem.hpp"
#include "server/toxiproxy/toxics.hpp"
#include "server/toxiproxy/turns.hpp"

namespace weir::toxiproxy {

/// The version of Toxiproxy whose API it is. Clients look at it to find out what they may ask.
inline constexpr const char* kVersion = "2.12.0";

/// Toxiproxy's HTTP API, as its clients know it (https://github.com/Shopify/toxiproxy, "HTTP API");
/// docs/from-toxiproxy.md says what differs. Whatever changes something goes one after the other. Control thread.
class Api final : public admin::Answers {
 public:
  /// The daemon outlives it. The toxics are those of all that came before, and of all that come after.
  Api(Daemon& daemon, Toxics& toxics) : daemon_(daemon), toxics_(toxics) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Browsers: any page could use one to get here.
  std::optional<admin::Reply> refuse(const admin::Caller& caller, const admin::RequestHead& head) override;
  net::awaitable<admin::Reply> answer(admin::Caller caller, admin::Request request) override;

 private:
  struct Call;
  struct Route;
  struct Routes;

  net::awaitable<admin::Reply> dispatch(const Call& call);

  admin::Reply list_proxies(const Call& call);
  admin::Reply show_proxy(const Call& call);
  admin::Reply list_toxics(const Call& call);
  admin::Reply show_toxic(const Call& call);
  admin::Reply add_toxic(const Call& call);
  admin::Reply change_toxic(const Call& call);
  admin::Reply remove_toxic(const Call& call);
  admin::Reply version(const Call& call);
  admin::Reply metrics(const Call& call);
  net::awaitable<admin::Reply> add_proxy(const Call& call);
  net::awaitable<admin::Reply> change_proxy(const Call& call);
  net::awaitable<admin::Reply> remove_proxy(const Call& call);
  net::awaitable<admin::Reply> populate(const Call& call);
  net::awaitable<admin::Reply> reset(const Call& call);

  std::vector<RunningProxy> running();
  std::optional<RunningProxy> find(const std::string& name);
  RunningProxy get(const std::string& name);
  admin::Reply proxy_reply(unsigned status, const std::string& name);
  net::awaitable<void> make(Proxy proxy);
  net::awaitable<void> become(RunningProxy before, Proxy after);
  net::awaitable<void> populate_one(Proxy wanted);

  Daemon& daemon_;
  Toxics& toxics_;
  Turns turns_;
  std::set<std::string> closed_;  ///< listeners of the file that clients have disabled
  std::uint64_t requests_ = 0;
};

}  // namespace weir::toxiproxy
