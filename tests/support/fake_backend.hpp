#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "common/endpoint.hpp"
#include "tests/support/peer.hpp"

namespace weir::test {

/// A listening socket whose connections the test accepts one by one and plays itself.
class TestListener {
 public:
  /// Any free port of 127.0.0.1, or the endpoint given (port 0 picks one).
  explicit TestListener(const Endpoint& bind = loopback(0), int backlog = 128, int receive_buffer = 0);
  /// Takes over a socket that is already listening.
  explicit TestListener(io::Descriptor listening);

  /// The next connection. Throws if none comes within the time limit.
  Peer accept(std::chrono::milliseconds bound = kHang);
  /// Whether a connection is waiting to be accepted.
  bool pending(std::chrono::milliseconds wait = std::chrono::milliseconds(0)) const;

  const Endpoint& endpoint() const { return endpoint_; }
  std::string address() const { return endpoint_.to_string(); }
  int fd() const { return socket_.get(); }
  void close() { socket_.close(); }

 private:
  io::Descriptor socket_;
  Endpoint endpoint_;
};

/// How a script ends its connection.
enum class Leave { close, reset };

/// A backend that plays the same script on each connection, each in a thread of its own. Scripts may throw: a peer that
/// goes away ends the script.
class FakeBackend {
 public:
  using Script = std::function<Leave(Peer& client)>;

  explicit FakeBackend(Script script, const Endpoint& bind = loopback(0));
  ~FakeBackend();

  std::string address() const { return listener_.address(); }
  const Endpoint& endpoint() const { return listener_.endpoint(); }
  /// Connections accepted so far.
  std::size_t accepted() const { return accepted_; }

 private:
  struct Connection {
    std::mutex mutex;
    Peer peer;
    std::thread thread;
  };

  void accept_until_stopped();
  void play(Connection& connection);

  Script script_;
  TestListener listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> accepted_{0};
  std::list<Connection> connections_;
  std::thread acceptor_;
};

/// Sends everything back, and a FIN after a FIN.
FakeBackend::Script echoes();
/// Greets each connection with the text, then echoes: the text tells which of several backends it is.
FakeBackend::Script greets_then_echoes(std::string greeting);
/// Reads to the client's FIN and then sends the bytes.
FakeBackend::Script sends_after_fin(std::string bytes);
/// Reads everything, never sends a byte.
FakeBackend::Script never_answers();
/// Reads that many bytes, then resets.
FakeBackend::Script resets_after(std::size_t bytes);
FakeBackend::Script closes_at_once();

}  // namespace weir::test
