#include "client/report/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void expect_narrow(const LoadResult& result) {
  std::istringstream lines(text_report(result));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 80u) << line;
}

/// The lines of the report joined to one, without the breaks.
std::string flowing(const LoadResult& result) {
  std::istringstream words(text_report(result));
  std::string text;
  for (std::string word; words >> word;) text += word + " ";
  return text;
}

LoadResult with_wrong_replies() {
  LoadResult result = example();
  result.stats.failures.add(Failure::corrupt, 2);
  result.stats.failures.add(Failure::lost, 1'234'567);
  result.stats.examples = {
      "an example that has a good many words, so many that they do not all fit into one line of it"};
  for (const std::uint64_t offset : {std::uint64_t{8}, std::uint64_t{1'073'741'823}}) {
    WrongReply wrong{Failure::corrupt, 999'999, 9'007'199'254'740'992, offset, "", "", "", offset - 8};
    wrong.text =
        "the reply to request 9007199254740992 on connection 999999 ended after 1073741823 of 1073741824 bytes, "
        "and the one to request 9007199254740993 on connection 999999 followed";
    wrong.expected = std::string(32, 'e');
    wrong.received = std::string(8, 'e') + std::string(24, '\x80');
    result.stats.wrong.push_back(wrong);
  }
  return result;
}

/// All that a run may say, with figures as long as they come.
LoadResult with_long_figures(LoadResult result) {
  LoadOptions& options = result.options;
  options.connections = 1'000'000;
  options.processes = 1024;
  options.requests = 9'007'199'254'740'992;
  options.warmup = std::chrono::hours(100) + milliseconds(1);
  options.message.lengths = LengthSpec::parse("64-4k:90,16k-32k:10,1m:1");
  options.message.upper = true;
  options.reconnect_every = 1'000'000;
  options.newcomers = 1'000'000;
  options.proxy_protocol = ProxyVersion::v2;
  options.tls = TlsOptions{"", true, "", {}, true, "", ""};
  result.stats.agreed = "TLSv1.2, ECDHE-ECDSA-CHACHA20-POLY1305-and-a-long-one, ALPN a-protocol-with-a-long-name";
  options.drain = milliseconds(1'234'567);
  if (options.rate) options.rate = 1e9;
  if (options.rate) options.pipeline = 1'000'000;
  if (!options.rate) options.think = milliseconds(1'234);
  result.threads = 1024;
  result.generators = 1000;
  result.reached = 1'000'000;
  result.window_seconds = 1'000;
  for (std::uint64_t& count : result.stats.counts) count = 987'654'321;
  for (Histogram& times : result.stats.times) {
    for (int i = 0; i < 1000; ++i) times.record(std::chrono::seconds(7 * i));
  }
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    result.stats.failures.add(static_cast<Failure>(kind), 987'654'321);
  }
  result.fairness.add({123'456'789, 123'456'789'012'345});
  result.audit.emplace().network.counts.fill(987'654'321);
  result.audit->network_before.counts.fill(987'654'321);
  result.audit->throttling = {987'654'321, 987'654'321, std::chrono::seconds(987'654)};
  result.audit->stolen = 1;
  result.retransmits = 987'654'321;
  result.spread.every = 1'000;
  result.spread.add({123'456'789, 123'456'789'012'345});
  return result;
}

TEST(TextReport, ShowsWhatWasRunAndFound) {
  const std::string text = text_report(example());
  EXPECT_THAT(text, HasSubstr("weir-load echo localhost:7000 (127.0.0.1:7000)\n"));
  EXPECT_THAT(flowing(example()), HasSubstr("4 connections on 2 threads, 10s, messages of 64 bytes, closed loop"));
  EXPECT_THAT(flowing(example()), HasSubstr("connections 3 of 4 reached"));
}

TEST(TextReport, ShowsTimesAndFailures) {
  const std::string text = text_report(example());
  EXPECT_THAT(text, ContainsRegex("requests +1,000 +100 a second"));
  EXPECT_THAT(text, ContainsRegex("response +500 us +750 us +900 us +990 us"));
  EXPECT_THAT(text, ContainsRegex("1  connection refused"));
  EXPECT_THAT(flowing(example()), HasSubstr("Fairness the slowest connection's p99 is 1.92 us, the fastest's 896 ns"));
  EXPECT_THAT(flowing(example()), HasSubstr("mean of the fastest connection 1.00 us, of the slowest 2.00 us"));
  EXPECT_THAT(flowing(example()), HasSubstr("from 0 to 500 replies each"));
  EXPECT_THAT(flowing(example()), HasSubstr("Jain's index 0.667, 1 of 3 starved"));
  EXPECT_THAT(flowing(example()), HasSubstr("limited by the server"));
  EXPECT_THAT(flowing(example()), HasSubstr("To see what users feel at a steady rate: --rate 90 "));
}

TEST(TextReport, OfManyConnectionsSaysThatTheirTimesAreThoseOfASample) {
  LoadResult result = example();
  EXPECT_THAT(flowing(result), Not(HasSubstr("sampled")));
  result.spread.every = 2;
  EXPECT_THAT(flowing(result), HasSubstr("(2 connections were sampled)"));
}

TEST(TextReport, OfAnOlderReportHasTheFairnessThatIsKnown) {
  LoadResult result = example();
  result.spread = {};
  EXPECT_THAT(flowing(result), HasSubstr("Fairness mean of the fastest connection 1.00 us"));
  result.reached = 2;
  EXPECT_THAT(flowing(result), HasSubstr("none starved"));
}

TEST(TextReport, OfAnOpenLoopShowsThePlanAndHidesNothing) {
  LoadResult result = open_loop_example();
  result.options.arrivals = ArrivalKind::poisson;
  result.stats[Count::held] = 7;
  result.stats[Count::unsent] = 5;
  result.stats[Count::unfinished] = 3;
  const std::string text = flowing(result);
  EXPECT_THAT(text, HasSubstr("open loop, 100 a second, Poisson arrivals"));
  EXPECT_THAT(text, HasSubstr("100 a second of 100 asked for"));
  EXPECT_THAT(text, HasSubstr("held back 7"));
  EXPECT_THAT(text, HasSubstr("never sent 5"));
  EXPECT_THAT(text, HasSubstr("unfinished 3"));
  EXPECT_THAT(text_report(result), ContainsRegex("\n  lag +10"));
  EXPECT_THAT(text_report(result), ContainsRegex("\n  service +500 us"));
  EXPECT_THAT(text, Not(HasSubstr("Hidden")));
}

TEST(TextReport, OfWrongRepliesShowsThemWithTheirBytes) {
  const std::string text = text_report(with_wrong_replies());
  EXPECT_THAT(text, HasSubstr("1,234,567  WRONG REPLY: bytes lost\n"));
  EXPECT_THAT(text, HasSubstr("2  WRONG REPLY: bytes corrupt\n"));
  EXPECT_THAT(text, HasSubstr("    expected  65 65 65 65 65 65 65 65 65"));
  EXPECT_THAT(text, HasSubstr("    received  65 65 65 65 65 65 65 65 80"));
  EXPECT_THAT(text, HasSubstr("\n                                      ^^\n"));
}

TEST(TextReport, WithoutFailuresSaysThatEveryByteWasRight) {
  LoadResult result = example();
  result.stats.failures = {};
  EXPECT_THAT(text_report(result), HasSubstr("\nErrors       none; every byte of every reply was right\n"));
}

TEST(TextReport, OfMergedOnesSaysOfHowMany) {
  LoadResult result = example();
  result.generators = 3;
  EXPECT_THAT(text_report(result), HasSubstr("merged from 3 generators"));
}

TEST(TextReport, EveryVerdictIsSaid) {
  LoadResult result = example();
  EXPECT_THAT(flowing(result), HasSubstr("Verdict ended by its duration, limited by the server: "));
  result.cpu_seconds = 20;
  EXPECT_THAT(flowing(result), HasSubstr(", generator-limited: "));
  result.cpu_seconds = 1;
  result.machine_busy = 1;
  EXPECT_THAT(flowing(result), HasSubstr(", limited by the machine: "));
  result.machine_busy = 0;
  result.retransmits = 100;
  result.audit.emplace().network[NetworkCounter::segments_sent] = 1'000;
  EXPECT_THAT(flowing(result), HasSubstr(", limited by the network: 100 TCP segments"));
  result.window_seconds = 0.1;
  EXPECT_THAT(flowing(result), HasSubstr("Verdict ended by its duration: the run was too short"));
  EXPECT_THAT(flowing(open_loop_example()), HasSubstr(", limited by the rate: "));
  result.ended_by = EndedBy::interrupt;
  EXPECT_THAT(flowing(result), HasSubstr("Verdict interrupted: "));
  result.ended_by = EndedBy::requests;
  EXPECT_THAT(flowing(result), HasSubstr("Verdict ended with its last request: "));
  result.ended_by = EndedBy::no_connection;
  EXPECT_THAT(flowing(result), HasSubstr("Verdict no connection could be opened: "));
}

TEST(TextReport, FurtherReasonsAndRemarksHaveLinesOfTheirOwn) {
  LoadResult result = example();
  EXPECT_THAT(text_report(result), Not(HasSubstr("Noticed")));
  result.cpu_seconds = 20;
  result.machine_busy = 0.97;
  result.audit.emplace().network[NetworkCounter::pruned] = 3;
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("\nVerdict      ended by its duration, generator-limited: "));
  EXPECT_THAT(text, HasSubstr("\n             also, the processors were 97 % busy"));
  EXPECT_THAT(text, HasSubstr("\nNoticed      a receive buffer on this machine was full 3 times"));
}

TEST(TextReport, ManyRemarksAreCutShort) {
  LoadResult result = example();
  result.audit.emplace();
  result.audit->network.counts.fill(3);
  const std::string text = flowing(result);
  EXPECT_THAT(text, HasSubstr("Noticed the kernel dropped 3 connects"));
  EXPECT_THAT(text, HasSubstr("more, which --json names"));
  EXPECT_THAT(text, Not(HasSubstr("TCP came close")));
}

TEST(TextReport, IsAtMostEightyColumnsWide) {
  LoadResult text_message = example();
  text_message.options.message.text = "say {n}\n";
  for (const LoadResult& result :
       {example(), connect_example(), open_loop_example(), with_wrong_replies(), text_message,
        full_result(Workload::echo), full_result(Workload::connect), with_long_figures(example()),
        with_long_figures(connect_example()), with_long_figures(open_loop_example()), LoadResult()}) {
    expect_narrow(result);
  }
}

TEST(TextReport, EveryVerdictFitsIntoIt) {
  LoadResult result = open_loop_example();
  result.stats[Time::lag].record(std::chrono::minutes(30));
  expect_narrow(result);
  for (int i = 0; i < 1000; ++i) result.stats[Time::lag].record(std::chrono::minutes(30));
  expect_narrow(result);
  result = open_loop_example();
  result.stats[Count::unsent] = 1'000'000;
  expect_narrow(result);
  result.stats[Count::held] = 1'000'000;
  expect_narrow(result);
}

/// A name cannot be broken: it stands on a line of its own, and the others are as wide as ever.
TEST(TextReport, LongNameIsWideOnItsOwnLineAlone) {
  LoadResult result = example();
  const std::string label(49, 'a');
  const std::string host = label + "." + label + "." + label + "." + label;
  result.options.target = parse_address(host + ":7000", AddressUse::target);
  std::istringstream lines(text_report(result));
  int wide = 0;
  for (std::string line; std::getline(lines, line);) {
    if (columns(line) <= 80) continue;
    ++wide;
    EXPECT_THAT(line, HasSubstr(host));
  }
  EXPECT_EQ(wide, 1);
}

TEST(TextReport, SaysHowManyHandshakesWereMadeAndOnWhatTheyAgreed) {
  EXPECT_THAT(flowing(connect_example()), Not(HasSubstr("TLS")));
  LoadResult result = connect_example();
  result.options.tls = TlsOptions{};
  result.stats[Count::handshakes] = 500;
  result.stats[Time::handshake].record(milliseconds(3));
  result.stats.agreed = "TLSv1.3, TLS_AES_128_GCM_SHA256";
  EXPECT_THAT(flowing(result), HasSubstr(", over TLS, closed by FIN"));
  EXPECT_THAT(flowing(result), HasSubstr("handshakes 500 in full, 50.0 a second TLS TLSv1.3, TLS_AES_128_GCM_SHA256"));
  EXPECT_THAT(flowing(result), HasSubstr("handshake 3.00 ms"));
  result.options.tls->resume = true;
  result.options.tls->insecure = true;
  EXPECT_THAT(flowing(result), HasSubstr("over TLS with sessions resumed, the certificate not looked at"));
  EXPECT_THAT(flowing(result), HasSubstr("resumed 0 the target resumes no session"));
  result.stats[Count::resumed] = 4'500;
  EXPECT_THAT(flowing(result), HasSubstr("resumed 4,500 with a session of before, 450 a second"));
  result.options.workload = Workload::echo;
  EXPECT_THAT(flowing(result), HasSubstr("handshakes 500 in full resumed 4,500"));
}

TEST(TextReport, NamesTheRemedyOfACertificateThatIsNotTrusted) {
  LoadResult result = example();
  result.stats.failures.add(Failure::tls_untrusted, 3);
  EXPECT_THAT(flowing(result), HasSubstr("3 certificate not trusted (--cacert FILE names who may sign it"));
}

}  // namespace
}  // namespace weir::load
