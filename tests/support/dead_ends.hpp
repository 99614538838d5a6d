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
  /// From now on connections are taken. Once only.
  TestListener start_listening();

 private:
  io::Descriptor socket_;
};

/// An address from which nothing ever comes back, as from a host that is gone: the queue of its listening socket is
/// full, and so the kernel drops every SYN.
class BlackHole {
 public:
  BlackHole();

  std::string address() const { return listener_.address(); }

 private:
  TestListener listener_;
  std::vector<io::Descriptor> fillers_;
};

/// A unix socket whose queue is full, so that connect(2) says EAGAIN to whoever does not block.
class FullUnixQueue {
 public:
  explicit FullUnixQueue(const std::string& path);

  std::string address() const { return listener_.address(); }
  /// Accepts the connections that fill it: from now on others are accepted, by the listener that is returned.
  TestListener& make_room();

 private:
  TestListener listener_;
  std::vector<Peer> fillers_;
};

}  // namespace weir::test
