#include "tests/support/peer.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace weir::test {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void set_option(int fd, int name, int value) {
  if (::setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)) != 0) fail("setsockopt");
}

bool wait_for(int fd, short events, std::chrono::milliseconds bound) {
  pollfd wait{fd, events, 0};
  return ::poll(&wait, 1, static_cast<int>(bound.count())) == 1;
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

Peer::Peer(io::Descriptor socket) : socket_(std::move(socket)) {
  const timeval bound{kHang.count(), 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
  ::setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
}

Peer Peer::connect(const Endpoint& target, Options options) {
  Peer peer(io::Descriptor(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)));
  if (!peer.open()) fail("socket");
  if (options.receive_buffer > 0) set_option(peer.fd(), SO_RCVBUF, options.receive_buffer);
  if (options.send_buffer > 0) set_option(peer.fd(), SO_SNDBUF, options.send_buffer);
  if (options.source.size() > 0 && ::bind(peer.fd(), options.source.data(), options.source.size()) != 0) fail("bind");
  if (::connect(peer.fd(), target.data(), target.size()) != 0) {
    if (errno != ECONNRESET) fail("connect");
    peer.reset_at_once_ = true;
  }
  return peer;
}

void Peer::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Peer::send_urgent(char byte) {
  if (::send(fd(), &byte, 1, MSG_NOSIGNAL | MSG_OOB) != 1) fail("send urgent");
}

std::size_t Peer::send_until_stalled(std::string_view bytes, std::chrono::milliseconds quiet) {
  std::size_t sent = 0;
  while (sent < bytes.size() && wait_for(fd(), POLLOUT, quiet)) {
    const ssize_t count = ::send(fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && !would_block()) fail("send");
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
  return sent;
}

void Peer::shutdown_write() {
  if (::shutdown(fd(), SHUT_WR) != 0) fail("shutdown");
}

std::string Peer::receive_exactly(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t got = 0; got < size;) {
    const ssize_t count = ::recv(fd(), bytes.data() + got, size - got, 0);
    if (count < 0) fail("recv");
    if (count == 0) throw std::runtime_error("FIN after " + std::to_string(got) + " of " + std::to_string(size));
    got += static_cast<std::size_t>(count);
  }
  return bytes;
}

Received Peer::receive_until_end() {
  Received received{{}, reset_at_once_ ? Ending::reset : Ending::silence};
  if (reset_at_once_) return received;
  std::array<char, kChunk> buffer;
  for (;;) {
    const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (count > 0) {
      received.bytes.append(buffer.data(), static_cast<std::size_t>(count));
      continue;
    }
    if (count < 0 && !would_block() && errno != ECONNRESET) fail("recv");
    if (count == 0) received.ending = Ending::fin;
    if (count < 0 && errno == ECONNRESET) received.ending = Ending::reset;
    return received;
  }
}

Received Peer::exchange(std::string_view bytes) {
  Received received{{}, reset_at_once_ ? Ending::reset : Ending::silence};
  if (reset_at_once_) return received;
  std::array<char, kChunk> buffer;
  bool finished = false;
  bool reset = false;  // a send has returned the error, which recv() then takes for the end
  for (;;) {
    const bool sending = !bytes.empty();
    if (!sending && !std::exchange(finished, true)) ::shutdown(fd(), SHUT_WR);  // a RST that came shows below
    if (!wait_for(fd(), static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), kHang)) return received;
    const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) received.bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno == ECONNRESET)) {
      received.ending = count == 0 && !reset ? Ending::fin : Ending::reset;
      if (sending && received.ending == Ending::fin) {  // half-closed by the other side: what is left still goes
        try {
          send_all(bytes);
          shutdown_write();
        } catch (const std::system_error&) {
          received.ending = Ending::reset;  // it was closed, and not for one way alone
        }
      }
      return received;
    }
    if (count < 0 && !would_block()) fail("recv");
    if (!sending) continue;
    const ssize_t sent = ::send(fd(), bytes.data(), std::min(bytes.size(), kChunk), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent >= 0 || would_block()) continue;
    if (errno != ECONNRESET && errno != EPIPE) fail("send");
    reset = reset || errno == ECONNRESET;
  }
}

bool Peer::readable(std::chrono::milliseconds wait) const { return wait_for(fd(), POLLIN, wait); }

void Peer::reset() {
  const linger at_once{1, 0};
  if (::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) != 0) fail("SO_LINGER");
  close();
}

void Peer::go_dark() {
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);  // of each packet, keep nothing (socket(7), SO_ATTACH_FILTER)
  const sock_fprog program{1, &drop};
  if (::setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) fail("SO_ATTACH_FILTER");
}

Endpoint loopback(std::uint16_t port, int family) {
  return endpoint_of((family == AF_INET6 ? "[::1]:" : "127.0.0.1:") + std::to_string(port));
}

Endpoint endpoint_of(const std::string& text) {
  if (text.starts_with("unix:@")) return Endpoint::unix_abstract(text.substr(6));
  if (text.starts_with("unix:")) return Endpoint::unix_path(text.substr(5));
  const std::size_t colon = text.rfind(':');
  const std::string host = text.substr(0, colon);
  const auto port = htons(static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1))));
  if (host.starts_with('[')) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    const std::string literal = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, literal.c_str(), &v6.sin6_addr) != 1) throw std::runtime_error("no address: " + text);
    if (IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) v6.sin6_addr = in6addr_loopback;
    return {reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)};
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = port;
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) throw std::runtime_error("no address: " + text);
  if (v4.sin_addr.s_addr == htonl(INADDR_ANY)) v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return {reinterpret_cast<const sockaddr*>(&v4), sizeof(v4)};
}

}  // namespace weir::test
