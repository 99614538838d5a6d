#include "client/stream/tcp_facts.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace weir::load {

namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct Share {
  int rank;  ///< among equal shares
  double share;
  std::string_view key;
  std::string text;
};

/// Largest first.
std::array<Share, 4> shares_of(const SendLimits& limits, bool paced, std::string_view whose) {
  const std::string_view idle = paced ? "pace" : "application";
  std::array<Share, 4> shares{{
      {0, limits.receiver(), "receiver", "the receiver's window"},
      {1, limits.send_buffer(), "send_buffer", std::string(whose) + " send buffer"},
      {2, limits.network(), "network", "the network (congestion window)"},
      {3, limits.idle(), idle, paced ? "the pace" : "the sending program"},
  }};
  std::sort(shares.begin(), shares.end(), [](const Share& one, const Share& other) {
    return std::pair(-one.share, one.rank) < std::pair(-other.share, other.rank);
  });
  return shares;
}

}  // namespace

std::optional<TcpFacts> read_tcp_facts(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  TcpFacts facts;
  facts.rtt_us = info.tcpi_rtt;
  // The kernel's word for "not known" is the largest number.
  facts.min_rtt_us = info.tcpi_min_rtt == std::numeric_limits<__u32>::max() ? 0 : info.tcpi_min_rtt;
  facts.retransmits = info.tcpi_total_retrans;
  facts.bytes_retrans = info.tcpi_bytes_retrans;
  facts.delivery_rate = info.tcpi_delivery_rate;
  facts.busy_us = info.tcpi_busy_time;
  facts.rwnd_us = info.tcpi_rwnd_limited;
  facts.sndbuf_us = info.tcpi_sndbuf_limited;
  return facts;
}

SendLimits SendLimits::of(const TcpFacts& facts, std::uint64_t elapsed_us) {
  // The kernel counts in jiffies: what it says may be a little more than there was.
  SendLimits limits;
  limits.elapsed_us = elapsed_us;
  limits.busy_us = std::min(facts.busy_us, elapsed_us);
  limits.rwnd_us = std::min(facts.rwnd_us, limits.busy_us);
  limits.sndbuf_us = std::min(facts.sndbuf_us, limits.busy_us - limits.rwnd_us);
  return limits;
}

void SendLimits::add(const SendLimits& other) {
  elapsed_us += other.elapsed_us;
  busy_us += other.busy_us;
  rwnd_us += other.rwnd_us;
  sndbuf_us += other.sndbuf_us;
}

double SendLimits::receiver() const { return share(rwnd_us, elapsed_us); }
double SendLimits::send_buffer() const { return share(sndbuf_us, elapsed_us); }
double SendLimits::network() const { return share(busy_us - rwnd_us - sndbuf_us, elapsed_us); }
double SendLimits::idle() const { return share(elapsed_us - busy_us, elapsed_us); }

std::string_view largest_limit(const SendLimits& limits, bool paced) {
  return limits.elapsed_us == 0 ? "unknown" : shares_of(limits, paced, "our").front().key;
}

std::string limits_sentence(const SendLimits& limits, bool paced, std::string_view whose) {
  if (limits.elapsed_us == 0) return {};
  std::string text;
  for (const Share& part : shares_of(limits, paced, whose)) {
    const auto percent = std::lround(part.share * 100);
    if (percent == 0) continue;
    text += (text.empty() ? "limited by " : ", by ") + part.text + " " + std::to_string(percent) +
            (text.empty() ? " % of the time" : " %");
  }
  return text;
}

}  // namespace weir::load
