#include "client/measure/failure.hpp"

#include <cerrno>
#include <numeric>

namespace weir::load {

namespace {

struct FailureNames {
  std::string_view key;
  std::string_view text;
  std::string_view remedy{};
};

constexpr std::array<FailureNames, kFailureKinds> kFailureNames{{
    {"none", "none"},
    {"refused", "connection refused", "does the target listen?"},
    {"unreachable", "host or network unreachable"},
    {"connect_timeout", "connect timed out"},
    {"connect_failed", "connect failed"},
    {"local_ports", "no free local port or address",
     "connections linger in TIME_WAIT: spread with --source, or --close rst"},
    {"local_resources", "out of descriptors or memory here", "raise `ulimit -Hn`, or ask for fewer connections"},
    {"reset", "connection reset"},
    {"closed_early", "closed instead of a reply"},
    {"reply_timeout", "no reply in time"},
    {"close_timeout", "no FIN in answer to ours"},
    {"io_failed", "read or write failed"},
    {"dropped", "dropped with their connection"},
    {"unsuitable", "the target cannot do what was asked"},
    {"tls_handshake", "TLS handshake failed", "does the target speak TLS on this port?"},
    {"tls_untrusted", "certificate not trusted",
     "--cacert FILE names who may sign it, --sni NAME whose it is, and --insecure does not look at it"},
    {"tls_alert", "refused with a TLS alert",
     "does the target want a certificate (--cert and --key), another --sni or another --alpn?"},
    {"tls_timeout", "no TLS handshake in time"},
    {"tls_truncated", "closed without close_notify"},
    {"tls_broken", "broken TLS record"},
    {"lost", "bytes lost"},
    {"duplicated", "bytes duplicated"},
    {"out_of_order", "replies out of order"},
    {"corrupt", "bytes corrupt"},
    {"foreign", "another connection's bytes"},
    {"cut_short", "replies cut short"},
}};

}  // namespace

std::string_view failure_key(Failure failure) { return kFailureNames[static_cast<std::size_t>(failure)].key; }
std::string_view failure_text(Failure failure) { return kFailureNames[static_cast<std::size_t>(failure)].text; }
std::string_view failure_remedy(Failure failure) { return kFailureNames[static_cast<std::size_t>(failure)].remedy; }

Failure connect_failure(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:  // a unix socket that is not there
      return Failure::refused;
    case ECONNRESET:
      return Failure::reset;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
      return Failure::unreachable;
    case ETIMEDOUT:
      return Failure::connect_timeout;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return Failure::local_ports;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Failure::local_resources;
    default:
      return Failure::connect_failed;
  }
}

Failure io_failure(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ECONNREFUSED:
      return Failure::reset;
    case ENOBUFS:
    case ENOMEM:
      return Failure::local_resources;
    default:
      return Failure::io_failed;
  }
}

void FailureCounts::merge(const FailureCounts& other) {
  for (std::size_t i = 0; i < kFailureKinds; ++i) counts_[i] += other.counts_[i];
}

std::uint64_t FailureCounts::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }

std::uint64_t FailureCounts::wrong_replies() const {
  const auto first = static_cast<std::ptrdiff_t>(Failure::lost);
  return std::accumulate(counts_.begin() + first, counts_.end(), std::uint64_t{0});
}

}  // namespace weir::load
