// weir-load echo --expect-faults: a server that does what was announced, and one that almost does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/faults/fault_json.hpp"
#include "common/faults/fault_set.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

namespace json = boost::json;
using faults::Fault;
using faults::Met;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kSeed = 7;

Fault fault(std::string name, faults::Kind kind, double percent = 50) {
  Fault made;
  made.name = std::move(name);
  made.percent = percent;
  made.kind = std::move(kind);
  return made;
}

/// What `weir faults --json` prints of a listener `db` that has this one.
json::object announce(const Fault& fault, std::uint64_t seed = kSeed) {
  const json::object one{{"name", fault.name}, {"definition", faults::to_json(fault)}, {"left_seconds", nullptr}};
  return {{"seed", seed}, {"listeners", json::array{json::object{{"name", "db"}, {"faults", json::array{one}}}}}};
}

/// What a server does to connection `number`, with its lot where it meets the fault, else null. Returns how it leaves.
using Harm = std::function<Leave(Peer& client, std::uint64_t number, const Met* met)>;

/// An echo with harm.
class HarmfulEcho {
 public:
  HarmfulEcho(const Fault& fault, Harm harm)
      : set_(kSeed, "db", {std::make_shared<const Fault>(fault)}),
        server_([this, harm = std::move(harm)](Peer& client) {
          const std::uint64_t number = ++count_;
          const std::vector<Met> met = set_.met_by({number, std::nullopt, 0});
          return harm(client, number, met.empty() ? nullptr : &met.front());
        }) {}

  std::string address() const { return server_.address(); }

 private:
  const faults::FaultSet set_;
  std::atomic<std::uint64_t> count_{0};
  FakeBackend server_;
};

/// What came next; empty for the end.
std::string some(const Peer& client) {
  std::string bytes(64 * 1024, '\0');
  const ssize_t count = ::recv(client.fd(), bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

void discard(const Peer& client) {
  while (!some(client).empty()) {
  }
}

using Change = std::function<void(std::string& bytes, std::uint64_t place)>;

/// Echoes up to so many bytes, each piece changed before it is sent. False when the client has ended.
bool echo(Peer& client, std::uint64_t most = ~std::uint64_t{0}, const Change& change = nullptr) {
  std::uint64_t place = 0;
  while (place < most) {
    std::string bytes = some(client);
    if (bytes.empty()) return false;
    bytes.resize(std::min<std::uint64_t>(bytes.size(), most - place));
    if (change) change(bytes, place);
    client.send_all(bytes);
    place += bytes.size();
  }
  return true;
}

Leave echo_to_the_end(Peer& client, const Change& change = nullptr) {
  std::uint64_t end = 0;
  echo(client, ~std::uint64_t{0}, [&change, &end](std::string& bytes, std::uint64_t place) {
    if (change) change(bytes, place);
    end = place + bytes.size();
  });
  std::string nothing;
  if (change) change(nothing, end);  // the FIN
  return Leave::close;
}

class ExpectFaults : public testing::Test {
 protected:
  Finished check(const json::object& announcement, const std::string& address,
                 std::vector<std::string> options = {}) const {
    const std::string file = folder_.write("faults.json", json::serialize(announcement));
    std::vector<std::string> arguments{"echo", "--expect-faults", file, "--quiet", "-c", "20", "--timeout", "2s"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(address);
    return run("weir-load", std::move(arguments));
  }
  void expect_agrees(const Fault& fault, Harm harm) const {
    const HarmfulEcho server(fault, std::move(harm));
    const Finished finished = check(announce(fault), server.address());
    EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
    EXPECT_THAT(finished.out, Says("20 connections met what was announced"));
  }
  void expect_differs(const Fault& fault, Harm harm, const std::string& why) const {
    const HarmfulEcho server(fault, std::move(harm));
    const Finished finished = check(announce(fault), server.address());
    EXPECT_EQ(finished.exit, 4) << finished.out << finished.err;
    EXPECT_THAT(finished.out, HasSubstr(why));
  }

  TempDir folder_;
};

/// One that at least one of twenty connections meets, and one is spared.
const Fault kCut = fault("cut", faults::Reset{100, {}});

Leave cuts_at(Peer& client, const Met* met, std::uint64_t bytes) {
  if (met == nullptr) return echo_to_the_end(client);
  return echo(client, bytes) ? Leave::reset : Leave::close;
}

TEST_F(ExpectFaults, AResetAfterExactlySoManyBytesAgrees) {
  expect_agrees(kCut, [](Peer& client, auto, const Met* met) { return cuts_at(client, met, 100); });
}

TEST_F(ExpectFaults, OneByteTooManyBeforeTheResetIsNoticed) {
  expect_differs(
      kCut, [](Peer& client, auto, const Met* met) { return cuts_at(client, met, 101); },
      "announced a RST after 100 bytes; seen: a RST after 101 bytes");
}

TEST_F(ExpectFaults, OneByteTooFewBeforeTheResetIsNoticed) {
  expect_differs(
      kCut, [](Peer& client, auto, const Met* met) { return cuts_at(client, met, 99); },
      "announced a RST after 100 bytes; seen: a RST after 99 bytes");
}

TEST_F(ExpectFaults, AFinInPlaceOfTheResetIsNoticed) {
  expect_differs(
      kCut,
      [](Peer& client, auto, const Met* met) {
        if (met == nullptr) return echo_to_the_end(client);
        echo(client, 100);
        client.shutdown_write();
        discard(client);
        return Leave::close;
      },
      "announced a RST after 100 bytes; seen: a FIN after 100 bytes");
}

TEST_F(ExpectFaults, AConnectionThatIsSparedByMistakeIsNoticed) {
  expect_differs(
      kCut, [](Peer& client, auto, const Met*) { return echo_to_the_end(client); },
      "cut: announced a RST after 100 bytes; seen: ");
}

TEST_F(ExpectFaults, AConnectionThatIsHitByMistakeIsNoticed) {
  const Harm harm = [](Peer& client, auto, const Met*) { return echo(client, 100) ? Leave::reset : Leave::close; };
  expect_differs(kCut, harm, "cut: announced that the connection is spared; seen: a RST after 100 bytes");
}

const Fault kTurned = fault("turned", faults::Corrupt{.per_bytes = 50});

Change turns(const Met* met) {
  return [met](std::string& bytes, std::uint64_t place) {
    if (met == nullptr) return;
    const auto& corrupt = std::get<faults::Corrupt>(met->fault->kind);
    for (std::uint64_t block = 0; block * corrupt.per_bytes < place + bytes.size(); ++block) {
      const faults::TurnedBit bit = faults::turned_bit(corrupt, met->lot, block);
      if (bit.place < place || bit.place >= place + bytes.size()) continue;
      bytes[bit.place - place] = static_cast<char>(bytes[bit.place - place] ^ bit.mask);
    }
  };
}

TEST_F(ExpectFaults, ExactlyTheAnnouncedBitsAgree) {
  expect_agrees(kTurned, [](Peer& client, auto, const Met* met) { return echo_to_the_end(client, turns(met)); });
}

TEST_F(ExpectFaults, OneBitMoreIsNoticed) {
  expect_differs(
      kTurned,
      [](Peer& client, std::uint64_t number, const Met* met) {
        return echo_to_the_end(client, [change = turns(met), number](std::string& bytes, std::uint64_t place) {
          change(bytes, place);
          if (number == 5 && place == 0) bytes[3] = static_cast<char>(bytes[3] ^ 1);
        });
      },
      "connection 5: announced no such bit; seen: bits 0x01 of byte 3 are not as announced");
}

TEST_F(ExpectFaults, ABitThatWasNotTurnedIsNoticed) {
  expect_differs(
      kTurned, [](Peer& client, auto, const Met*) { return echo_to_the_end(client); },
      "is turned; seen: it is as it was");
}

const Fault kSlow = fault("slow", faults::Latency{milliseconds(60), milliseconds(20), faults::Distribution::uniform});

Change delays(const Met* met, double share) {
  return [met, share](std::string&, std::uint64_t place) {
    if (met == nullptr) return;
    const auto& latency = std::get<faults::Latency>(met->fault->kind);
    std::this_thread::sleep_for(faults::delay_at(latency, met->lot, place) * share);
  };
}

TEST_F(ExpectFaults, RepliesThatAreAsLateAsAnnouncedAgree) {
  expect_agrees(kSlow, [](Peer& client, auto, const Met* met) { return echo_to_the_end(client, delays(met, 1)); });
}

TEST_F(ExpectFaults, AReplyThatIsTooEarlyIsNoticed) {
  expect_differs(
      kSlow, [](Peer& client, auto, const Met* met) { return echo_to_the_end(client, delays(met, 0.1)); },
      "slow: announced the byte at 60 comes not before ");
}

TEST_F(ExpectFaults, AConnectionThatIsDelayedByMistakeIsNoticed) {
  expect_differs(
      kSlow,
      [](Peer& client, std::uint64_t number, const Met* met) {
        return echo_to_the_end(client, [change = delays(met, 1), met, number](std::string& bytes, std::uint64_t place) {
          change(bytes, place);
          if (met == nullptr && number < 10) std::this_thread::sleep_for(milliseconds(100));
        });
      },
      "slow: announced that the connection is spared; seen: all ");
}

const Fault kGone = fault("gone", faults::HalfOpen{}, 20);

TEST_F(ExpectFaults, SilenceAgreesWhereItWasAnnounced) {
  expect_agrees(kGone, [](Peer& client, auto, const Met* met) {
    if (met == nullptr) return echo_to_the_end(client);
    discard(client);
    return Leave::close;
  });
}

TEST_F(ExpectFaults, ABytePastTheSilenceIsNoticed) {
  expect_differs(
      kGone, [](Peer& client, auto, const Met*) { return echo_to_the_end(client); },
      "gone: announced the byte at 60 comes never; seen: after ");
}

TEST_F(ExpectFaults, SilenceThatWasNotAnnouncedIsNoticed) {
  expect_differs(
      kGone,
      [](Peer& client, std::uint64_t number, const Met* met) {
        if (met == nullptr && number >= 5) return echo_to_the_end(client);
        if (met == nullptr) echo(client, 30);
        discard(client);
        return Leave::close;
      },
      "nothing came from byte 30 on");
}

const Fault kRefused = fault("no", faults::Refuse{});

TEST_F(ExpectFaults, ARefusalAgrees) {
  expect_agrees(kRefused, [](Peer& client, auto, const Met* met) {
    return met == nullptr ? echo_to_the_end(client) : Leave::reset;
  });
}

TEST_F(ExpectFaults, ARefusalOfTheWrongConnectionsIsNoticed) {
  expect_differs(
      kRefused,
      [](Peer& client, auto, const Met* met) { return met != nullptr ? echo_to_the_end(client) : Leave::reset; },
      "no: announced that the connection is spared; seen: a RST after 0 bytes");
}

TEST_F(ExpectFaults, AnotherFirstNumberIsAnotherAnnouncement) {
  const HarmfulEcho server(kRefused, [](Peer& client, auto, const Met* met) {
    return met == nullptr ? echo_to_the_end(client) : Leave::reset;
  });
  EXPECT_EQ(check(announce(kRefused), server.address()).exit, 0);
  EXPECT_EQ(check(announce(kRefused), server.address(), {"--first-number", "21"}).exit, 0);
  EXPECT_EQ(check(announce(kRefused), server.address(), {"--first-number", "42"}).exit, 4);
}

TEST_F(ExpectFaults, WhatCannotShowIsSaid) {
  const Fault unseen = fault("far", faults::Reset{100'000'000, {}});
  const HarmfulEcho server(unseen, [](Peer& client, auto, const Met*) { return echo_to_the_end(client); });
  const Finished finished = check(announce(unseen), server.address(), {"--json", folder_.file("report")});
  EXPECT_EQ(finished.exit, 0) << finished.out;
  EXPECT_THAT(finished.out, HasSubstr("Not checked\n  far: the connection did not get so far on 20 connections\n"));
  const json::value report = json::parse(read_file(folder_.file("report")));
  EXPECT_EQ(report.at_pointer("/faults/0/not_checked").to_number<int>(), 20);
  EXPECT_EQ(report.at_pointer("/faults/0/seen").to_number<int>(), 0);
}

TEST_F(ExpectFaults, WhatIsNoAnnouncementIsRefused) {
  Finished finished = check({{"seed", 1}}, "127.0.0.1:1");
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("faults.json: \"listeners\" is missing"));
  finished = check(announce(kCut), "127.0.0.1:1", {"--faults-listener", "other"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("there is no listener \"other\"; these have some: db"));
}

TEST_F(ExpectFaults, ALoadsOptionsAreRefused) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--rate", "10"}, {"-t", "2"}, {"--tls"}, {"--html", "x"}, {"-n", "5"}}) {
    const Finished finished = check(announce(kCut), "127.0.0.1:1", options);
    EXPECT_EQ(finished.exit, 2) << options.front();
    EXPECT_THAT(finished.err, Says("has no use with --expect-faults"));
  }
  const Finished finished = run("weir-load", {"echo", "--first-number", "3", "127.0.0.1:1"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.err, Says("--first-number needs --expect-faults FILE"));
}

// The daemon itself.

/// Every fault of a listener of its own, so that what they do is told apart, and all of them at once.
const std::vector<std::string> kFaults{
    "{name: slow, percent: 30, latency: {delay: 40ms, jitter: 10ms}}",
    "{name: thin, percent: 30, bandwidth: 200KB/s}",
    "{name: sliced, percent: 30, slice: {size: 20, variation: 5, delay: 5ms}}",
    "{name: stuck, percent: 30, stall: {after: 100, for: 300ms}}",
    "{name: stopped, percent: 30, stall: {after: 100}}",
    "{name: cut, percent: 30, reset: {after_bytes: 100}}",
    "{name: late, percent: 30, reset: {after: 300ms}}",
    "{name: ended, percent: 30, end: {after_bytes: 100}}",
    "{name: closing, percent: 30, slow_close: 200ms}",
    "{name: no, percent: 30, refuse: {}}",
    "{name: never, percent: 30, connect: {delay: 100ms, fail: true}}",
    "{name: gone, percent: 30, half_open: {}}",
    "{name: turned, percent: 30, corrupt: {per_bytes: 1000}}",
};

class ExpectFaultsOfDaemon : public ExpectFaults, public testing::WithParamInterface<std::string> {
 protected:
  static std::string config(const std::string& faults) {
    return "faults: {seed: 42}\n"
           "admin: {bind: '127.0.0.1:0'}\n"
           "listeners:\n"
           "  - {name: echo, bind: '127.0.0.1:0', echo: {}, faults: [" +
           faults + "]}\n";
  }
};

TEST_P(ExpectFaultsOfDaemon, Agrees) {
  const Daemon daemon = Daemon::with_config(config(GetParam()));
  const json::object announcement = AdminClient(daemon).get("/api/v1/faults").json().as_object();
  const Finished finished = check(announcement, daemon.addresses("echo").front());
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
}

TEST_P(ExpectFaultsOfDaemon, AnotherSeedDiffers) {
  const Daemon daemon = Daemon::with_config(config(GetParam()));
  json::object announcement = AdminClient(daemon).get("/api/v1/faults").json().as_object();
  announcement["seed"] = 43;
  const Finished finished = check(announcement, daemon.addresses("echo").front());
  EXPECT_EQ(finished.exit, 4) << finished.out << finished.err;
}

class ExpectFaultsOfProxy : public ExpectFaults, public testing::WithParamInterface<std::string> {};

TEST_P(ExpectFaultsOfProxy, Agrees) {
  const FakeBackend backend(echoes());
  const Daemon daemon = Daemon::with_config("faults: {seed: 42}\nadmin: {bind: '127.0.0.1:0'}\n" +
                                            proxy_config({backend.address()}, "faults: [" + GetParam() + "]"));
  const json::object announcement = AdminClient(daemon).get("/api/v1/faults").json().as_object();
  const Finished finished = check(announcement, daemon.addresses("front").front(), {"--faults-proxy"});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
}

INSTANTIATE_TEST_SUITE_P(
    EachWay, ExpectFaultsOfProxy,
    testing::Values("{name: slow, direction: both, percent: 30, latency: {delay: 40ms, jitter: 10ms}}",
                    "{name: cut, direction: upstream, percent: 30, reset: {after_bytes: 100}}",
                    "{name: cut, direction: downstream, percent: 30, reset: {after_bytes: 100}}",
                    "{name: ended, direction: upstream, percent: 30, end: {after_bytes: 100}}",
                    "{name: closing, direction: both, percent: 30, slow_close: 100ms}",
                    "{name: turned, direction: upstream, percent: 30, corrupt: {per_bytes: 1000}}, "
                    "{name: again, percent: 30, corrupt: {per_bytes: 500}}, {name: no, percent: 10, refuse: {}}"));

INSTANTIATE_TEST_SUITE_P(EachFault, ExpectFaultsOfDaemon, testing::ValuesIn(kFaults));

}  // namespace
}  // namespace weir::test
