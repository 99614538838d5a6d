#pragma once

#include <string>

#include "common/address.hpp"
#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"

namespace weir::load {

/// A socket that listens, non-blocking, and the file that goes with it. Any thread, one at a time.
class ListeningSocket {
 public:
  /// `endpoint` is one of those that `address` stands for. A file that nobody listens on any more is replaced. Throws
  /// std::system_error that names the endpoint.
  ListeningSocket(const Address& address, const Endpoint& endpoint);
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;
  ~ListeningSocket();

  int fd() const { return socket_.get(); }
  /// Port 0 has been replaced by the port that was picked.
  const Endpoint& endpoint() const { return endpoint_; }
  /// Closes the socket; its file stays for as long as this does.
  void close() { socket_.close(); }

 private:
  [[noreturn]] void fail() const;
  void set(int level, int option, int value) const;
  bool bind() const;
  bool remove_stale() const;

  Endpoint endpoint_;
  std::string path_;
  io::Descriptor socket_;
};

}  // namespace weir::load
