#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "tests/support/admin_client.hpp"
#include "tests/support/daemon.hpp"

namespace weir::test {

/// Where the daemon's log says that an endpoint is: what follows `mark`.
Endpoint logged_endpoint(const Daemon& daemon, const std::string& mark);

/// Toxiproxy's API of a daemon, one connection a request.
class Toxiproxy {
 public:
  explicit Toxiproxy(const Daemon& daemon) : http_(logged_endpoint(daemon, "Toxiproxy's API on ")) {}

  AdminReply request(const std::string& method, const std::string& target, const std::string& body = "") const {
    return http_.request(method, target, body);
  }
  /// The answer, which has to have that status.
  boost::json::value ask(const std::string& method, const std::string& target, int status,
                         const std::string& body = "") const;
  std::string error(const std::string& method, const std::string& target, int status,
                    const std::string& body = "") const;
  /// Makes a proxy on a free port; where it listens.
  Endpoint make(const std::string& name, const std::string& upstream, const std::string& listen = "localhost:0") const;
  boost::json::value proxy(const std::string& name) const { return ask("GET", "/proxies/" + name, 200); }
  bool enabled(const std::string& name) const { return proxy(name).at("enabled").as_bool(); }
  Endpoint listens(const std::string& name) const;
  void add_toxic(const std::string& proxy, const std::string& toxic) const {
    ask("POST", "/proxies/" + proxy + "/toxics", 200, toxic);
  }
  const AdminClient& http() const { return http_; }

 private:
  AdminClient http_;
};

/// Whether a TCP connection to it is refused.
bool refuses_connections(const Endpoint& target);

}  // namespace weir::test
