#include "server/listener/quiescence.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/logging.hpp"

namespace weir {

namespace {

/// A CPU takes microseconds for a SYN, unless the hypervisor takes it away from the virtual machine in the middle.
constexpr std::chrono::milliseconds kGrace{20};
/// Asking takes milliseconds of CPU time, and a handshake takes a round trip.
constexpr std::chrono::milliseconds kQuietPause{50};
/// If the kernel does not report handshakes, they get the time of a long round trip.
constexpr std::chrono::milliseconds kBlind{200};

/// Waits until each CPU has finished what it was doing when this was called. A segment is handled within one read-side
/// critical section of RCU (tcp_v4_rcv() below ip_local_deliver_finish()), and MEMBARRIER_CMD_GLOBAL waits for a grace
/// period of RCU (kernel/sched/membarrier.c). False if there is no such call, or with nohz_full.
bool await_all_cpus() { return ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0; }

}  // namespace

void Quiescence::begin(const std::vector<const ListeningSocket*>& sockets) {
  for (const ListeningSocket* socket : sockets) {
    if (socket->is_handed_over()) continue;
    refusing_ = socket->refuse_newcomers() && refusing_;
    if (socket->endpoint().is_inet()) endpoints_.push_back(socket->endpoint());
  }
  if (!endpoints_.empty() && !await_all_cpus()) least_ = kGrace;
  began_ = Clock::now();
}

std::optional<std::chrono::milliseconds> Quiescence::remaining(Clock::time_point now) {
  if (endpoints_.empty() || !refusing_) return std::nullopt;  // if newcomers can't be kept out, there is no end
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  if (waited < least_) return least_ - waited;
  const std::optional<std::size_t> under_way = handshakes_.count(endpoints_);
  if (!under_way && waited < kBlind) return kBlind - waited;
  if (!under_way || *under_way == 0) return std::nullopt;
  if (waited < kLongest) return kQuietPause;
  spdlog::info("{} handshakes were not completed within {} ms", *under_way, kLongest.count());
  return std::nullopt;
}

}  // namespace weir
