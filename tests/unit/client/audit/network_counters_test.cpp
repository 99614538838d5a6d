#include "client/audit/network_counters.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::load {
namespace {

/// As a kernel writes them, shortened: the columns differ from one to the next.
constexpr std::string_view kSnmp =
    "Ip: Forwarding DefaultTTL InReceives\n"
    "Ip: 2 64 6858873\n"
    "IcmpMsg: InType3\n"
    "IcmpMsg: 1\n"
    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens InSegs OutSegs RetransSegs InErrs OutRsts\n"
    "Tcp: 1 200 120000 -1 104906 6858271 6856174 148 3 103888\n"
    "Udp: InDatagrams NoPorts InErrors\n"
    "Udp: 617 0 0\n";
constexpr std::string_view kNetstat =
    "TcpExt: SyncookiesSent PruneCalled ListenOverflows ListenDrops TCPTimeouts TCPAbortOnMemory TCPBacklogDrop "
    "TCPReqQFullDoCookies TCPReqQFullDrop TCPSynRetrans TCPRcvQDrop\n"
    "TcpExt: 9 1 312 320 2 4 5 6 7 8 18446744073709551615\n"
    "IpExt: InNoRoutes ListenOverflows\n"
    "IpExt: 0 77\n"
    "MPTcpExt: MPCapableSYNRX\n"
    "MPTcpExt: 0\n";

TEST(NetworkCounters, AreReadByTheirNamesWhereverTheyStand) {
  NetworkCounters counters;
  counters.parse(kSnmp);
  counters.parse(kNetstat);
  EXPECT_EQ(counters[NetworkCounter::segments_sent], 6'856'174u);
  EXPECT_EQ(counters[NetworkCounter::segments_sent_again], 148u);
  EXPECT_EQ(counters[NetworkCounter::bad_segments], 3u);
  EXPECT_EQ(counters[NetworkCounter::listen_overflows], 312u) << "and not that of another protocol";
  EXPECT_EQ(counters[NetworkCounter::listen_drops], 320u);
  EXPECT_EQ(counters[NetworkCounter::pruned], 1u);
  EXPECT_EQ(counters[NetworkCounter::timeouts], 2u);
  EXPECT_EQ(counters[NetworkCounter::aborted_for_memory], 4u);
  EXPECT_EQ(counters[NetworkCounter::backlog_drops], 5u);
  EXPECT_EQ(counters[NetworkCounter::syn_cookies], 6u);
  EXPECT_EQ(counters[NetworkCounter::request_queue_drops], 7u);
  EXPECT_EQ(counters[NetworkCounter::syns_sent_again], 8u);
  EXPECT_EQ(counters[NetworkCounter::receive_queue_drops], ~std::uint64_t{0});
  EXPECT_EQ(counters[NetworkCounter::aborted_by_timeout], 0u) << "an older kernel has no such line";
}

TEST(NetworkCounters, TextOfAnotherFormCountsNothing) {
  for (const char* text : {"", "\n\n", "Tcp:", "Tcp: OutSegs", "Tcp: OutSegs RetransSegs\nTcp:",
                           "Tcp: OutSegs\nUdp: 7\n", "Tcp: OutSegs\nTcp: many\n", "TcpExt: OutSegs\n\nTcpExt: 5\n"}) {
    NetworkCounters counters;
    counters.parse(text);
    EXPECT_EQ(counters, NetworkCounters()) << text;
  }
}

TEST(NetworkCounters, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kNetworkCounters; ++i) {
    const std::string_view name = kernel_name(static_cast<NetworkCounter>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(kernel_name(NetworkCounter::bad_segments), "InErrs");
}

TEST(NetworkCounters, DifferenceIsNeverNegative) {
  NetworkCounters earlier;
  NetworkCounters later;
  earlier[NetworkCounter::timeouts] = 5;
  later[NetworkCounter::timeouts] = 9;
  earlier[NetworkCounter::pruned] = 3;
  const NetworkCounters difference = later.since(earlier);
  EXPECT_EQ(difference[NetworkCounter::timeouts], 4u);
  EXPECT_EQ(difference[NetworkCounter::pruned], 0u);
}

TEST(NetworkCounters, OfThisMachineAreThere) {
  const NetworkCounters before = NetworkCounters::now();
  const NetworkCounters after = NetworkCounters::now();
  for (std::size_t i = 0; i < kNetworkCounters; ++i) EXPECT_GE(after.counts[i], before.counts[i]) << i;
}

}  // namespace
}  // namespace weir::load
