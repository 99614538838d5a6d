#include "client/report/audit_findings.hpp"

#include <algorithm>

#include "client/report/numbers.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// From here on they set the limit. Below, what is stolen is told from kStolenRemark on.
constexpr double kThrottledPeriods = 0.01;
constexpr double kStolen = 0.05;
constexpr double kStolenRemark = 0.01;
constexpr double kResent = 0.01;
constexpr std::uint64_t kLeastResent = 10;
constexpr double kDroppedConnects = 0.01;
/// From here on it is told that there was not always a processor: a share of the time, and times a second and thread.
constexpr double kPressure = 0.2;
constexpr double kPreemptions = 100;

std::string times(std::uint64_t number) { return number == 1 ? "once" : grouped(number) + " times"; }

std::string was(std::uint64_t number) { return number == 1 ? " was " : " were "; }

class Finder {
 public:
  Finder(const LoadResult& result, const Audit& audit)
      : result_(result), audit_(audit), tcp_(!result.endpoint.starts_with("unix:")) {}

  AuditFindings find() {
    find_throttling();
    find_stolen();
    find_dropped_connects();
    find_resent();
    find_waits();
    find_rest();
    return std::move(findings_);
  }

 private:
  std::uint64_t in_window(NetworkCounter counter) const { return audit_.network[counter]; }
  std::uint64_t in_all(NetworkCounter counter) const {
    return audit_.network[counter] + audit_.network_before[counter];
  }
  /// A remark on what was counted over the whole run, if it was.
  void remark(NetworkCounter counter, const char* what, const char* happened) {
    const std::uint64_t number = in_all(counter);
    if (number != 0) findings_.remarks.push_back(counted(number, what) + was(number) + happened);
  }
  /// Connects that were tried in the window.
  std::uint64_t connects() const {
    const WorkerStats& stats = result_.stats;
    const std::uint64_t stood = result_.is_echo()
                                    ? stats[Count::reopened] + stats[Count::renewed] + stats[Count::newcomers]
                                    : stats[Count::cycles];
    return stood + stats.failures[Failure::connect_timeout] + stats.failures[Failure::refused];
  }

  void find_throttling();
  void find_stolen();
  void find_dropped_connects();
  std::string dropped(const NetworkCounters& counts) const;
  void find_resent();
  void find_waits();
  void find_rest();

  const LoadResult& result_;
  const Audit& audit_;
  const bool tcp_;  ///< a unix socket has nothing to do with what TCP loses
  AuditFindings findings_;
};

void Finder::find_throttling() {
  const Throttling& throttling = audit_.throttling;
  if (throttling.throttled == 0) return;
  std::string text = "the cgroup of weir-load had used up its CPU quota in " + grouped(throttling.throttled) + " of " +
                     counted(throttling.periods, "period") + " and stood still until the next";
  const double share = static_cast<double>(throttling.throttled) /
                       static_cast<double>(std::max<std::uint64_t>(throttling.periods, throttling.throttled));
  if (share < kThrottledPeriods) return findings_.remarks.push_back(std::move(text));
  findings_.machine.push_back(text + ": raise the quota (cpu.max)");
}

void Finder::find_stolen() {
  if (audit_.stolen < kStolenRemark) return;
  std::string text =
      "the hypervisor gave " + display_percent(audit_.stolen) + " of the processors' time to others (steal)";
  (audit_.stolen < kStolen ? findings_.remarks : findings_.machine).push_back(std::move(text));
}

std::string Finder::dropped(const NetworkCounters& counts) const {
  const std::uint64_t overflows = counts[NetworkCounter::listen_overflows];
  const std::uint64_t drops = std::max(counts[NetworkCounter::listen_drops], overflows);
  if (drops == 0) return {};
  std::string text = "the kernel dropped " + counted(drops, "connect");
  if (overflows != 0) {
    text += overflows < drops ? ", " + grouped(overflows) + " of them" : "";
    text += " because a listen queue on this machine was full: ";
    text += audit_.target_here ? "the target's backlog is too short, or it accepts too slowly"
                               : "not the target's, which is elsewhere";
  } else {
    text += " to this machine";
  }
  return text;
}

void Finder::find_dropped_connects() {
  if (std::string before = dropped(audit_.network_before); !before.empty()) {
    findings_.remarks.push_back("before the measured time, " + before);
  }
  std::string now = dropped(audit_.network);
  if (now.empty()) return;
  const std::uint64_t drops =
      std::max(in_window(NetworkCounter::listen_drops), in_window(NetworkCounter::listen_overflows));
  const std::uint64_t tried = connects();
  const bool limits = tcp_ && audit_.target_here && tried != 0 &&
                      static_cast<double>(drops) >= kDroppedConnects * static_cast<double>(tried);
  (limits ? findings_.connects : findings_.remarks).push_back(std::move(now));
}

void Finder::find_resent() {
  const std::uint64_t resent = result_.retransmits;
  if (resent == 0) return;
  std::string text = counted(resent, "TCP segment") + was(resent) + "sent again by this machine";
  const std::uint64_t sent = in_window(NetworkCounter::segments_sent);
  const double share = static_cast<double>(resent) / static_cast<double>(std::max(sent, resent));
  if (sent != 0) text += ", " + plain_percent(share) + " of those sent";
  if (const std::uint64_t syns = in_window(NetworkCounter::syns_sent_again); syns != 0) {
    text += ", " + grouped(syns) + " of them to connect";
  }
  if (const std::uint64_t timeouts = in_window(NetworkCounter::timeouts); timeouts != 0) {
    text += "; " + times(timeouts) + " a timer ran out first, which takes 200 ms and more";
  }
  const bool limits = tcp_ && sent != 0 && resent >= kLeastResent && share >= kResent;
  (limits ? findings_.network : findings_.remarks).push_back(std::move(text));
}

void Finder::find_waits() {
  const double thread_seconds = result_.window_seconds * std::max(result_.processors, 1U);
  const bool preempted = thread_seconds > 0 && static_cast<double>(audit_.involuntary) >= kPreemptions * thread_seconds;
  const bool waited = audit_.pressure && *audit_.pressure >= kPressure;
  if (!preempted && !waited) return;
  std::string text;
  if (waited) {
    text = "something on this machine waited for a processor during " + display_percent(*audit_.pressure) +
           " of the time, and ";
  }
  findings_.remarks.push_back(text + "weir-load was preempted " + times(audit_.involuntary) +
                              ": the latencies have such waits in them");
}

void Finder::find_rest() {
  using enum NetworkCounter;
  if (!tcp_) return;
  remark(request_queue_drops, "connect", "dropped because too many handshakes were under way (tcp_max_syn_backlog)");
  remark(syn_cookies, "connect", "answered with a SYN cookie because too many handshakes were under way");
  remark(backlog_drops, "segment", "dropped because the socket's program or softirq was busy for too long");
  remark(receive_queue_drops, "segment", "dropped because a receive buffer was full");
  remark(aborted_for_memory, "connection", "ended because TCP ran out of memory (net.ipv4.tcp_mem)");
  remark(aborted_by_timeout, "connection", "given up because nothing was acknowledged any more");
  remark(bad_segments, "segment", "malformed or had a wrong checksum");
  if (const std::uint64_t number = in_all(pruned); number != 0) {
    findings_.remarks.push_back("a receive buffer on this machine was full " + times(number) +
                                ": its program reads too slowly");
  }
  if (const std::uint64_t number = in_all(memory_pressures); number != 0) {
    findings_.remarks.push_back("TCP came close to its memory limit " + times(number) + " (net.ipv4.tcp_mem)");
  }
}

}  // namespace

AuditFindings audit_findings(const LoadResult& result) {
  // A report of an earlier version knows what was sent again, and no more.
  const Audit none;
  return Finder(result, result.audit ? *result.audit : none).find();
}

std::vector<std::string> remarks_beside(const Verdict& verdict, const LoadResult& result) {
  std::vector<std::string> remarks;
  AuditFindings findings = audit_findings(result);
  for (auto* kind : {&findings.connects, &findings.machine, &findings.network, &findings.remarks}) {
    for (std::string& finding : *kind) {
      const auto& reasons = verdict.reasons;
      if (std::find(reasons.begin(), reasons.end(), finding) == reasons.end()) remarks.push_back(std::move(finding));
    }
  }
  return remarks;
}

}  // namespace weir::load
