#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace weir::bench {

/// Throws what errno says, with what was tried.
[[noreturn]] inline void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// HOST:PORT with a numeric IPv4 host; throws std::invalid_argument.
inline sockaddr_in parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  char* end = nullptr;
  const unsigned long port = colon == std::string::npos ? 65536 : std::strtoul(text.c_str() + colon + 1, &end, 10);
  if (port > 65535 || *end != '\0' || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("'" + text + "' is no address; write 127.0.0.1:7000");
  }
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

inline const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

inline void set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) fail("setsockopt");
}

/// What Weir sets by default too: small writes leave at once, and a dead peer is noticed.
inline void set_stream_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

/// Takes the interface out of HOST%INTERFACE:PORT; gives it, or nothing where there is none.
inline std::string take_interface(std::string& where) {
  const auto begin = where.find('%');
  if (begin == std::string::npos) return {};
  const auto end = std::min(where.find(':', begin), where.size());
  const std::string interface = where.substr(begin + 1, end - begin - 1);
  where.erase(begin, end - begin);
  return interface;
}

/// A non-blocking listening socket whose accepted sockets inherit the stream options; says on stdout where it listens.
/// 0.0.0.0%lo:PORT is every address of loopback, and no other interface (SO_BINDTODEVICE, socket(7)).
inline int listen_on(std::string where) {
  const std::string interface = take_interface(where);
  sockaddr_in address = parse_address(where);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_stream_options(fd);
  if (!interface.empty() &&
      ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(), static_cast<socklen_t>(interface.size())) != 0) {
    fail("cannot listen on " + interface);
  }
  if (::bind(fd, generic(address), sizeof address) != 0 || ::listen(fd, 4096) != 0) fail("cannot listen on " + where);
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  std::printf("listening on port %u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

/// A non-blocking socket that is connecting to an address; throws when that fails at once.
inline int start_connect(const sockaddr_in& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  set_stream_options(fd);
  if (::connect(fd, generic(address), sizeof address) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    errno = error;
    fail("connect");
  }
  return fd;
}

/// Whether a call would have blocked, or was interrupted and may be made again after the next event.
inline bool not_now() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// A close that sends RST rather than FIN.
inline void reset(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd);
}

inline int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) fail("epoll_create1");
  return fd;
}

inline void watch(int epoll, int fd, std::uint32_t events, void* who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = who;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

/// As many descriptors as this process may have.
inline void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace weir::bench
