#include "server/listener/handshakes.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace weir {

namespace {

constexpr std::size_t kBufferSize = 32 * 1024;  // the most that the kernel fills at once (netlink(7))

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

bool has_address(const Endpoint& bound, const inet_diag_sockid& id) {
  static constexpr std::array<char, 16> kAny{};
  const bool v6 = bound.family() == AF_INET6;
  const void* address = &reinterpret_cast<const sockaddr_in*>(bound.data())->sin_addr;
  if (v6) address = &reinterpret_cast<const sockaddr_in6*>(bound.data())->sin6_addr;
  const std::size_t size = v6 ? sizeof(in6_addr) : sizeof(in_addr);
  return std::memcmp(address, kAny.data(), size) == 0 || std::memcmp(address, id.idiag_src, size) == 0;
}

bool leads_to(const inet_diag_msg& handshake, const Endpoint& bound) {
  return handshake.idiag_family == bound.family() && ntohs(handshake.id.idiag_sport) == bound.port() &&
         has_address(bound, handshake.id);
}

bool ask(int netlink, int family) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<__u8>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = 1u << TCP_SYN_RECV;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::sendto(netlink, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) ==
         static_cast<ssize_t>(sizeof request);
}

/// Calls `see` with each handshake of the family. False if the answer is incomplete.
template <typename See>
bool list(int netlink, int family, See see) {
  if (!ask(netlink, family)) return false;
  alignas(nlmsghdr) std::array<char, kBufferSize> buffer;
  for (;;) {
    const ssize_t size = ::recv(netlink, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    auto left = static_cast<unsigned>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return true;
      if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
      see(*reinterpret_cast<const inet_diag_msg*>(message + 1));  // NLMSG_DATA()
    }
  }
}

}  // namespace

Handshakes::Handshakes() : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {
  const timeval bound{1, 0};  // the kernel answers within the call; if it does not, nobody waits for ever
  ::setsockopt(netlink_.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
}

std::optional<std::size_t> Handshakes::count(const std::vector<Endpoint>& endpoints) const {
  std::size_t under_way = 0;
  // A socket for both families is in the list of AF_INET6, with all of its handshakes.
  for (const int family : {AF_INET, AF_INET6}) {
    const auto is_of_family = [family](const Endpoint& endpoint) { return endpoint.family() == family; };
    if (std::none_of(endpoints.begin(), endpoints.end(), is_of_family)) continue;
    const bool complete = list(netlink_.get(), family, [&](const inet_diag_msg& handshake) {
      const auto is_target = [&](const Endpoint& endpoint) { return leads_to(handshake, endpoint); };
      if (std::any_of(endpoints.begin(), endpoints.end(), is_target)) ++under_way;
    });
    if (!complete) return std::nullopt;
  }
  return under_way;
}

}  // namespace weir
