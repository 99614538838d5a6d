#include "tests/support/toxiproxy.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <stdexcept>
#include <system_error>

namespace weir::test {

Endpoint logged_endpoint(const Daemon& daemon, const std::string& mark) {
  const std::string log = daemon.process().err();
  const std::size_t at = log.rfind(mark);
  if (at == std::string::npos) throw std::runtime_error("the log does not say \"" + mark + "\":\n" + log);
  std::string address = log.substr(at + mark.size(), log.find_first_of(" \n", at + mark.size()) - at - mark.size());
  if (address.starts_with("http://")) address.erase(0, 7);
  return endpoint_of(address);
}

boost::json::value Toxiproxy::ask(const std::string& method, const std::string& target, int status,
                                  const std::string& body) const {
  const AdminReply reply = request(method, target, body);
  EXPECT_EQ(reply.status, status) << method << ' ' << target << ' ' << body << ": " << reply.body;
  return reply.body.empty() ? boost::json::value() : reply.json();
}

std::string Toxiproxy::error(const std::string& method, const std::string& target, int status,
                             const std::string& body) const {
  const boost::json::value answer = ask(method, target, status, body);
  EXPECT_EQ(answer.at("status").to_number<int>(), status);
  return boost::json::value_to<std::string>(answer.at("error"));
}

Endpoint Toxiproxy::make(const std::string& name, const std::string& upstream, const std::string& listen) const {
  const boost::json::value made =
      ask("POST", "/proxies", 201,
          R"({"name": ")" + name + R"(", "listen": ")" + listen + R"(", "upstream": ")" + upstream + "\"}");
  return endpoint_of(boost::json::value_to<std::string>(made.at("listen")));
}

Endpoint Toxiproxy::listens(const std::string& name) const {
  return endpoint_of(boost::json::value_to<std::string>(proxy(name).at("listen")));
}

bool refuses_connections(const Endpoint& target) {
  try {
    Peer::connect(target);
    return false;
  } catch (const std::system_error&) {
    return true;
  }
}

}  // namespace weir::test
