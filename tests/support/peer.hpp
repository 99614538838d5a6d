#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {

/// How a stream ended, seen from the reader.
enum class Ending { fin, reset, silence };

/// What came until the stream ended. `silence` means that it did not end within the time limit.
struct Received {
  std::string bytes;
  Ending ending;
};

/// One end of a TCP or unix connection, with blocking calls that give up by themselves: a call that hangs for kHang
/// throws std::system_error, and so does one that fails because of the other side, unless the result reports that.
class Peer {
 public:
  struct Options {
    int receive_buffer = 0;  ///< SO_RCVBUF, set before connect so that the window is small from the start
    int send_buffer = 0;     ///< SO_SNDBUF
    Endpoint source = {};    ///< to connect from; any if its size is 0
  };

  Peer() = default;
  explicit Peer(io::Descriptor socket);
  /// If a RST comes before connect(2) returns, connect(2) consumes its error; later receives still report the reset.
  static Peer connect(const Endpoint& target, Options options);
  static Peer connect(const Endpoint& target) { return connect(target, Options()); }

  bool open() const { return static_cast<bool>(socket_); }
  int fd() const { return socket_.get(); }

  void send_all(std::string_view bytes);
  /// One byte with MSG_OOB (tcp(7)).
  void send_urgent(char byte);
  /// Sends from `bytes` without reading until nothing was taken for `quiet`, or all was; returns how much was sent.
  std::size_t send_until_stalled(std::string_view bytes,
                                 std::chrono::milliseconds quiet = std::chrono::milliseconds(400));
  void shutdown_write();

  std::string receive_exactly(std::size_t size);
  /// Everything up to FIN or RST.
  Received receive_until_end();
  /// Sends all, then a FIN, and at the same time receives until the other side ends.
  Received exchange(std::string_view bytes);
  /// Whether bytes, a FIN or a RST are there to be read within `wait`.
  bool readable(std::chrono::milliseconds wait = std::chrono::milliseconds(0)) const;

  /// Closes in order (with a FIN if all was read).
  void close() { socket_.close(); }
  /// Closes with a RST.
  void reset();
  /// From now on nothing that is sent to it arrives, not even acknowledgements, as if its host were gone. TCP only.
  void go_dark();

  std::uint16_t local_port() const { return local_endpoint(fd()).port(); }
  std::string local_name() const { return local_endpoint(fd()).to_string(); }

 private:
  io::Descriptor socket_;
  bool reset_at_once_ = false;
};

/// A loopback address of the family with the port.
Endpoint loopback(std::uint16_t port, int family = AF_INET);
/// An address as the daemon logs it: `127.0.0.1:80`, `[::1]:80`, `unix:/path`. Any-addresses become loopback.
Endpoint endpoint_of(const std::string& text);

}  // namespace weir::test
