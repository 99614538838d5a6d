#include "common/endpoint.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "common/printable.hpp"

namespace weir {
namespace {

void check_unix_name(std::string_view name) {
  if (name.size() > kLongestUnixName) throw std::invalid_argument(in_quotes(name) + " is too long for a unix socket");
}

/// Of an IPv6 literal. getaddrinfo(3) takes the name of an interface for link-local addresses alone, and says of one
/// that is not there that the host is unknown.
Endpoint make_v6(std::string_view host, std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const std::size_t percent = host.find('%');
  ::inet_pton(AF_INET6, std::string(host.substr(0, percent)).c_str(), &v6.sin6_addr);
  if (percent != std::string_view::npos) {
    const std::string name(host.substr(percent + 1));
    v6.sin6_scope_id = ::if_nametoindex(name.c_str());
    if (v6.sin6_scope_id == 0) {
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), v6.sin6_scope_id);
      if (error != std::errc{} || end != name.data() + name.size()) v6.sin6_scope_id = 0;
    }
    if (v6.sin6_scope_id == 0) {
      throw std::runtime_error("cannot use " + std::string(host) + ": this machine has no interface " + name);
    }
  }
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

}  // namespace

Endpoint::Endpoint(const sockaddr* address, socklen_t length) {
  std::memset(&storage_, 0, sizeof storage_);
  size_ = std::min<socklen_t>(length, sizeof storage_);
  std::memcpy(&storage_, address, size_);
}

Endpoint Endpoint::unix_path(std::string_view path) {
  check_unix_name(path);
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  return {reinterpret_cast<const sockaddr*>(&local),
          static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1)};
}

Endpoint Endpoint::unix_abstract(std::string_view name) {
  check_unix_name(name);
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path + 1, name.data(), name.size());
  return {reinterpret_cast<const sockaddr*>(&local),
          static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())};
}

std::uint16_t Endpoint::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void Endpoint::set_port(std::uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

std::string Endpoint::to_string() const {
  if (size_ == 0) return "unknown";
  if (is_inet()) {
    char host[NI_MAXHOST];
    if (::getnameinfo(data(), size_, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return "unknown";
    const std::string text = family() == AF_INET6 ? "[" + std::string(host) + "]" : std::string(host);
    return text + ":" + std::to_string(port());
  }
  if (!is_unix()) return "unknown";
  constexpr std::size_t kHeader = offsetof(sockaddr_un, sun_path);
  if (size_ <= kHeader) return "unix:";
  const char* name = storage_.local.sun_path;
  const std::size_t length = std::min<std::size_t>(size_ - kHeader, sizeof storage_.local.sun_path);
  if (name[0] == '\0') return length == 1 ? "unix:" : "unix:@" + std::string(name + 1, length - 1);
  return "unix:" + std::string(name, ::strnlen(name, length));
}

bool Endpoint::operator==(const Endpoint& other) const {
  if (size_ != other.size_) return false;
  if (size_ == 0) return true;
  if (family() != other.family()) return false;
  if (family() == AF_INET) {
    return storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr &&
           storage_.v4.sin_port == other.storage_.v4.sin_port;
  }
  if (family() == AF_INET6) {
    return std::memcmp(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0 &&
           storage_.v6.sin6_port == other.storage_.v6.sin6_port &&
           storage_.v6.sin6_scope_id == other.storage_.v6.sin6_scope_id;
  }
  return std::memcmp(&storage_, &other.storage_, size_) == 0;
}

std::vector<Endpoint> resolve(const Address& address, AddressUse use) {
  if (address.kind == Address::Kind::unix_path) return {Endpoint::unix_path(address.host)};
  if (address.kind == Address::Kind::unix_abstract) return {Endpoint::unix_abstract(address.host)};
  if (address.is_descriptor()) return {};

  if (address.bracketed) return {make_v6(address.host, address.port)};
  std::string host = address.host;
  if (host.empty()) {
    if (use == AddressUse::target) throw std::runtime_error("no host to connect to");
    host = ipv6_available() ? "::" : "0.0.0.0";
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = AI_NUMERICSERV | (use == AddressUse::bind ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) {
    const std::string reason = error == EAI_SYSTEM ? std::system_category().message(errno) : ::gai_strerror(error);
    throw std::runtime_error("cannot resolve " + host + ": " + reason);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);

  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    const Endpoint endpoint(entry->ai_addr, entry->ai_addrlen);
    // /etc/hosts may name an address twice.
    if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end()) endpoints.push_back(endpoint);
  }
  // A name that has both families is served by IPv4 alone where the kernel has no IPv6.
  const auto is_v4 = [](const Endpoint& endpoint) { return endpoint.family() == AF_INET; };
  if (std::any_of(endpoints.begin(), endpoints.end(), is_v4) && !ipv6_available()) {
    std::erase_if(endpoints, [&](const Endpoint& endpoint) { return !is_v4(endpoint); });
  }
  if (endpoints.empty()) throw std::runtime_error("cannot resolve " + host + ": it has no IPv4 or IPv6 address");
  return endpoints;
}

Endpoint ip_endpoint(const std::string& text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
  }
  if (!is_ip_address(text)) throw std::runtime_error(in_quotes(text) + " is not an IP address");
  return make_v6(text, 0);
}

bool ipv6_available() {
  const int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  ::close(probe);
  std::ifstream setting("/proc/sys/net/ipv6/conf/all/disable_ipv6");
  int disabled = 0;
  return !(setting >> disabled && disabled != 0);
}

Endpoint local_endpoint(int fd) {
  Endpoint endpoint;
  socklen_t size = Endpoint::capacity();
  if (::getsockname(fd, endpoint.data(), &size) != 0) return {};
  endpoint.resize(std::min(size, Endpoint::capacity()));
  return endpoint;
}

Endpoint remote_endpoint(int fd) {
  Endpoint endpoint;
  socklen_t size = Endpoint::capacity();
  if (::getpeername(fd, endpoint.data(), &size) != 0) return {};
  endpoint.resize(std::min(size, Endpoint::capacity()));
  return endpoint;
}

}  // namespace weir
