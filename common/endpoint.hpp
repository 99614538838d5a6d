#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.hpp"

namespace weir {

/// An address that the kernel understands: a `sockaddr` with its length. A value; never refers to anything.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const sockaddr* address, socklen_t length);

  static Endpoint unix_path(std::string_view path);
  static Endpoint unix_abstract(std::string_view name);

  const sockaddr* data() const { return &storage_.any; }
  sockaddr* data() { return &storage_.any; }
  socklen_t size() const { return size_; }
  static constexpr socklen_t capacity() { return sizeof(Storage); }
  /// After a system call wrote into data().
  void resize(socklen_t size) { size_ = size; }

  int family() const { return storage_.any.sa_family; }
  bool is_inet() const { return family() == AF_INET || family() == AF_INET6; }
  bool is_unix() const { return family() == AF_UNIX; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);

  /// `127.0.0.1:80`, `[::1]:80`, `unix:/path`, `unix:@name`, `unix:` (an unnamed peer).
  std::string to_string() const;

  bool operator==(const Endpoint& other) const;

 private:
  union Storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };

  Storage storage_{};
  socklen_t size_ = 0;
};

/// Every endpoint that the address stands for, in the resolver's order; blocks while a name is looked up. For
/// `AddressUse::bind` an empty host gives `[::]`, or `0.0.0.0` where the kernel has no IPv6. Of a range it takes the
/// first port. Throws std::runtime_error that names the host and the resolver's reason, or the interface that is not
/// there. A socket that is handed over (`fd:NAME`) gives nothing.
std::vector<Endpoint> resolve(const Address& address, AddressUse use);

/// An IP address (is_ip_address()) with port 0. Throws std::runtime_error for another text, and for an interface that
/// is not there.
Endpoint ip_endpoint(const std::string& text);

/// Whether the kernel can make IPv6 sockets (`net.ipv6.conf.all.disable_ipv6`, `ipv6.disable=1`).
bool ipv6_available();

/// The local or remote endpoint of a socket. Errors give an endpoint of size 0.
Endpoint local_endpoint(int fd);
Endpoint remote_endpoint(int fd);

}  // namespace weir
