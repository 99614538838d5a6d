#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_backend.hpp"

namespace weir::test {

/// An HTTP server that gives a fixed answer to each request line without its version, such as `GET /readyz`, and 404 to
/// others. It remembers the requests.
class FakeEndpoint {
 public:
  using Answers = std::map<std::string, std::string>;

  explicit FakeEndpoint(Answers answers, const Endpoint& bind = loopback(0))
      : answers_(std::move(answers)), backend_([this](Peer& client) { return serve(client); }, bind) {}

  std::string address() const { return backend_.address(); }
  /// As they came, header and all.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  /// A whole answer.
  static std::string http(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " Whatever\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

 private:
  Leave serve(Peer& client) {
    std::string request;
    while (!request.ends_with("\r\n\r\n")) request += client.receive_exactly(1);
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t length = request.find(kLength);
    if (length != std::string::npos)
      request += client.receive_exactly(std::stoul(request.substr(length + kLength.size())));
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const auto answer = answers_.find(request.substr(0, request.find(" HTTP/1.1")));
    client.send_all(answer == answers_.end() ? http(404, R"({"error": "there is no such path"})") : answer->second);
    return Leave::close;
  }

  const Answers answers_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  FakeBackend backend_;
};

}  // namespace weir::test
