#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <string>

#include "tests/support/daemon.hpp"

namespace weir::test {

/// What the admin endpoint answered.
struct AdminReply {
  int status = 0;
  std::string head;
  std::string body;

  boost::json::value json() const;
};

/// Talks to the admin endpoint of a daemon, one connection a request.
class AdminClient {
 public:
  /// Finds the endpoint's address in the daemon's log.
  explicit AdminClient(const Daemon& daemon);
  explicit AdminClient(const Endpoint& endpoint) : endpoint_(endpoint) {}

  /// A request as a careful client sends it; what changes something has the Content-Type that it needs.
  AdminReply request(const std::string& method, const std::string& target, const std::string& body = "") const;
  AdminReply get(const std::string& target) const { return request("GET", target); }
  boost::json::value status() const { return get("/api/v1/status").json(); }
  /// The value of a series of /metrics, such as `weir_connections_total{listener="echo"}`; throws if there is none.
  double metric(const std::string& series) const;
  /// All of them.
  std::map<std::string, double> metrics() const;
  /// Bytes as they are; the reply is read until the connection ends.
  std::string raw(const std::string& bytes) const;
  Peer connect() const { return Peer::connect(endpoint_); }

 private:
  Endpoint endpoint_;
};

}  // namespace weir::test
