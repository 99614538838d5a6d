#include "client/audit/network_counters.hpp"

#include <algorithm>

#include "client/audit/proc_file.hpp"

namespace weir::load {

namespace {

/// In the order of NetworkCounter.
constexpr std::array<std::string_view, kNetworkCounters> kNames{
    "OutSegs",     "RetransSegs",      "TCPTimeouts",          "TCPSynRetrans",      "ListenOverflows",
    "ListenDrops", "TCPReqQFullDrop",  "TCPReqQFullDoCookies", "TCPBacklogDrop",     "TCPRcvQDrop",
    "PruneCalled", "TCPAbortOnMemory", "TCPAbortOnTimeout",    "TCPMemoryPressures", "InErrs"};

}  // namespace

std::string_view kernel_name(NetworkCounter counter) { return kNames[static_cast<std::size_t>(counter)]; }

void NetworkCounters::parse(std::string_view text) {
  std::string_view names;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    std::string_view heads = names;
    names = line;
    const std::string_view protocol = take_word(line);
    if (protocol.empty() || protocol != take_word(heads) || (protocol != "Tcp:" && protocol != "TcpExt:")) continue;
    for (std::string_view name = take_word(heads); !name.empty(); name = take_word(heads)) {
      const std::string_view digits = take_word(line);
      const auto* const known = std::find(kNames.begin(), kNames.end(), name);
      if (known == kNames.end()) continue;
      counts[static_cast<std::size_t>(known - kNames.begin())] = leading_number(digits);
    }
  }
}

NetworkCounters NetworkCounters::now() {
  NetworkCounters counters;
  counters.parse(read_proc_file("/proc/self/net/snmp"));
  counters.parse(read_proc_file("/proc/self/net/netstat"));
  return counters;
}

NetworkCounters NetworkCounters::since(const NetworkCounters& earlier) const {
  NetworkCounters difference;
  for (std::size_t i = 0; i < kNetworkCounters; ++i) {
    difference.counts[i] = counts[i] - std::min(counts[i], earlier.counts[i]);
  }
  return difference;
}

}  // namespace weir::load
