#include "tests/support/admin_client.hpp"

#include <boost/json/parse.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace weir::test {

namespace {

Endpoint find_endpoint(const Daemon& daemon) {
  constexpr std::string_view kMark = "admin endpoint on ";
  const std::string log = daemon.process().err();
  const std::size_t at = log.find(kMark);
  if (at == std::string::npos) throw std::runtime_error("the log names no admin endpoint:\n" + log);
  std::string address = log.substr(at + kMark.size(), log.find_first_of(" \n", at + kMark.size()) - at - kMark.size());
  if (address.starts_with("http://")) address.erase(0, 7);
  return endpoint_of(address);
}

}  // namespace

boost::json::value AdminReply::json() const { return boost::json::parse(body); }

AdminClient::AdminClient(const Daemon& daemon) : endpoint_(find_endpoint(daemon)) {}

AdminReply AdminClient::request(const std::string& method, const std::string& target, const std::string& body) const {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (method != "GET" && method != "HEAD") {
    text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  const std::string reply = raw(text + "\r\n" + body);
  const std::size_t end = reply.find("\r\n\r\n");
  if (end == std::string::npos || !reply.starts_with("HTTP/1.1 ")) throw std::runtime_error("no reply: " + reply);
  return {std::stoi(reply.substr(9, 3)), reply.substr(0, end + 2), reply.substr(end + 4)};
}

std::map<std::string, double> AdminClient::metrics() const {
  std::map<std::string, double> metrics;
  std::istringstream lines(get("/metrics").body);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.rfind(' ');
    if (!line.starts_with('#') && blank != std::string::npos)
      metrics[line.substr(0, blank)] = std::stod(line.substr(blank));
  }
  return metrics;
}

double AdminClient::metric(const std::string& series) const { return metrics().at(series); }

std::string AdminClient::raw(const std::string& bytes) const {
  Peer peer = connect();
  peer.send_all(bytes);
  return peer.receive_until_end().bytes;
}

}  // namespace weir::test
