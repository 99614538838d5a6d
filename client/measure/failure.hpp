#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::load {

/// Everything that can go wrong with a connection or a request, as reports count it.
enum class Failure : std::uint8_t {
  none,
  refused,
  unreachable,
  connect_timeout,
  connect_failed,   ///< for a reason that has no name of its own here
  local_ports,      ///< this machine had no free port or address
  local_resources,  ///< this machine had no descriptor or memory
  reset,
  closed_early,  ///< the peer's FIN came where a reply was due, and not one byte of it
  reply_timeout,
  close_timeout,  ///< no FIN came in answer to ours
  io_failed,      ///< read or write failed for another reason
  dropped,        ///< requests in flight on a connection that failed for one of the other reasons
  unsuitable,     ///< the target is a service that cannot do what was asked
  tls_handshake,  ///< the target speaks no TLS, or none that we speak, or closed meanwhile
  tls_untrusted,  ///< the target's certificate was refused
  tls_alert,      ///< the target refused us
  tls_timeout,    ///< no handshake in time
  tls_truncated,  ///< the peer's FIN came without close_notify
  tls_broken,     ///< a record that is none, or not what was sent
  lost,           ///< from here on, all are wrong replies
  duplicated,
  out_of_order,
  corrupt,
  foreign,    ///< another connection's bytes
  cut_short,  ///< a reply ended too early: with a FIN, or with the next reply
  count_,
};

inline constexpr std::size_t kFailureKinds = static_cast<std::size_t>(Failure::count_);

/// Whether the peer sent bytes that it should not have sent, which no limit of errors forgives.
constexpr bool is_wrong_reply(Failure failure) { return failure >= Failure::lost && failure < Failure::count_; }

/// The name in JSON reports: `connect_timeout`.
std::string_view failure_key(Failure failure);
/// The name for people: `connect timed out`.
std::string_view failure_text(Failure failure);
/// What may help; empty where nothing is known to.
std::string_view failure_remedy(Failure failure);
/// Whether it belongs to TLS. Reports of earlier versions know none of these.
constexpr bool is_of_tls(Failure failure) {
  return failure >= Failure::tls_handshake && failure <= Failure::tls_broken;
}

/// What a failed connect(2) or a failed read or write means.
Failure connect_failure(int error);
Failure io_failure(int error);

/// How often each kind occurred.
class FailureCounts {
 public:
  void add(Failure failure, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(failure)] += times; }
  void merge(const FailureCounts& other);
  std::uint64_t operator[](Failure failure) const { return counts_[static_cast<std::size_t>(failure)]; }
  std::uint64_t total() const;
  std::uint64_t wrong_replies() const;

 private:
  std::array<std::uint64_t, kFailureKinds> counts_{};
};

}  // namespace weir::load
