#pragma once

#include <string>
#include <vector>

#include "tests/support/fake_backend.hpp"

namespace weir::test {

/// An address that refuses every connection: its port is taken, but nobody listens.
class RefusedPort {
 public:
  RefusedPort();

  std::string address() const { return local_endpoint(socket_.get()).to_string(); }
  /// From now on it accepts connections. Call only once.
  TestListener start_listening();

 private:
  io::Descriptor socket_;
};

/// An address that never answers, as if its host were gone: the queue of its listening socket is full, so the kernel
/// drops every SYN.
class BlackHole {
 public:
  BlackHole();

  std::string address() const { return listener_.address(); }

 private:
  TestListener listener_;
  std::vector<io::Descriptor> fillers_;
};

/// A unix socket whose queue is full, so that a non-blocking connect(2) returns EAGAIN.
class FullUnixQueue {
 public:
  explicit FullUnixQueue(const std::string& path);

  std::string address() const { return listener_.address(); }
  /// Accepts the connections that fill the queue: from now on the returned listener accepts others.
  TestListener& make_room();

 private:
  TestListener listener_;
  std::vector<Peer> fillers_;
};

}  // namespace weir::test
