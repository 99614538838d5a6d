// Servers that are wrong on purpose, each in one way: weir-load names it for what it is, whatever the kind of load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_backend.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/says.hpp"

namespace weir::test {
namespace {

constexpr std::size_t kLength = 64;
/// Which message is answered wrongly, counted over all connections from 0.
constexpr std::uint64_t kWrongOne = 5;

enum class Fault {
  none,
  drops,
  swaps,
  duplicates,
  flips,
  answers_for_another,
  loses_bytes,
  cuts_and_goes_on,
  closes_within,
  closes_instead,
  resets,
  stays_silent,
};

/// A server that echoes messages of 64 bytes, but for one.
class WrongServer {
 public:
  explicit WrongServer(Fault fault) : fault_(fault), server_([this](Peer& client) { return serve(client); }) {}

  std::string address() const { return server_.address(); }

 private:
  Leave serve(Peer& client) {
    for (;;) {
      const std::string message = client.receive_exactly(kLength);
      if (seen_++ != kWrongOne) {
        client.send_all(message);
        continue;
      }
      switch (fault_) {
        case Fault::none:
          client.send_all(message);
          break;
        case Fault::drops:
          break;
        case Fault::swaps:
          client.send_all(client.receive_exactly(kLength) + message);
          break;
        case Fault::duplicates:
          client.send_all(message + message);
          break;
        case Fault::flips:
          client.send_all(message.substr(0, 40) + static_cast<char>(message[40] ^ 4) + message.substr(41));
          break;
        case Fault::answers_for_another:
          // The last digit of the connection's number in the header, and another payload.
          client.send_all(message.substr(0, 9) + static_cast<char>(message[9] + 3) + message.substr(10, 22) +
                          std::string(kLength - 32, '~'));
          break;
        case Fault::loses_bytes:
          client.send_all(message.substr(0, 33) + message.substr(36));
          break;
        case Fault::cuts_and_goes_on:
          client.send_all(message.substr(0, 50) + client.receive_exactly(kLength));
          break;
        case Fault::closes_within:
          client.send_all(message.substr(0, 50));
          return close_in_order(client);
        case Fault::closes_instead:
          return close_in_order(client);
        case Fault::resets:
          return Leave::reset;
        case Fault::stays_silent:
          client.receive_until_end();
          return Leave::close;
      }
    }
  }

  /// A FIN, and no RST because of requests that were not read.
  static Leave close_in_order(Peer& client) {
    client.shutdown_write();
    client.receive_until_end();
    return Leave::close;
  }

  const Fault fault_;
  std::atomic<std::uint64_t> seen_{0};
  FakeBackend server_;
};

enum class Load { one_at_a_time, pipelined, open_loop, open_loop_one_at_a_time };

std::vector<std::string> arguments(Load load) {
  std::vector<std::string> all{"echo", "-c", "1", "-n", "40", "--timeout", "500ms"};
  const auto add = [&all](std::vector<std::string> more) { all.insert(all.end(), more.begin(), more.end()); };
  if (load == Load::pipelined) add({"--pipeline", "8"});
  // As fast as they can go, so that others are always on their way.
  if (load == Load::open_loop || load == Load::open_loop_one_at_a_time) add({"-R", "2000"});
  if (load == Load::open_loop_one_at_a_time) add({"--pipeline", "1"});
  return all;
}

bool many_in_flight(Load load) { return load == Load::pipelined || load == Load::open_loop; }

/// The first byte that differs from another request's header.
constexpr std::uint64_t kInTheHeader = ~std::uint64_t{0};

struct Case {
  Fault fault;
  const char* name;
  const char* kind;        ///< what it is where others are in flight
  const char* kind_alone;  ///< and where it is the only one
  std::uint64_t offset;
};

constexpr Case kCases[] = {
    {Fault::drops, "drops", "lost", "reply_timeout", kInTheHeader},
    {Fault::swaps, "swaps", "out_of_order", "reply_timeout", kInTheHeader},
    {Fault::duplicates, "duplicates", "duplicated", "duplicated", 0},
    {Fault::flips, "flips", "corrupt", "corrupt", 40},
    {Fault::answers_for_another, "answers_for_another", "foreign", "foreign", kInTheHeader},
    {Fault::loses_bytes, "loses_bytes", "lost", "lost", 33},
    {Fault::cuts_and_goes_on, "cuts_and_goes_on", "cut_short", "reply_timeout", 50},
    {Fault::closes_within, "closes_within", "cut_short", "cut_short", 50},
    {Fault::closes_instead, "closes_instead", "closed_early", "closed_early", 0},
    {Fault::resets, "resets", "reset", "reset", 0},
    {Fault::stays_silent, "stays_silent", "reply_timeout", "reply_timeout", 0},
};

class WrongServers : public testing::TestWithParam<std::tuple<Case, Load>> {};

TEST_P(WrongServers, AreNamedForWhatTheyDo) {
  const auto& [wrong, load] = GetParam();
  const std::string kind = many_in_flight(load) ? wrong.kind : wrong.kind_alone;
  const WrongServer server(wrong.fault);
  std::vector<std::string> all = arguments(load);
  all.push_back(server.address());
  const LoadRun run = run_load(all);

  EXPECT_EQ(run.failures(kind), 1u) << run.err;
  EXPECT_EQ(run.number("/errors/total"), 1 + run.failures("dropped")) << run.err;
  const bool wrong_reply = run.number("/errors/wrong_replies") != 0;
  EXPECT_EQ(run.exit, wrong_reply ? 4 : 1);
  // Everything else was answered. A duplicate comes besides the right reply: where another one was due, or in vain.
  const std::uint64_t accounted = run.number("/requests/completed") + run.number("/errors/total");
  EXPECT_GE(accounted, 40u) << run.err;
  EXPECT_LE(accounted, kind == "duplicated" ? 41u : 40u) << run.err;
  const boost::json::array& details = run.report.at("errors").at("wrong").as_array();
  ASSERT_EQ(details.size(), wrong_reply ? 1u : 0u) << run.err;
  if (!wrong_reply) return;
  EXPECT_EQ(details[0].at("kind").as_string(), kind);
  EXPECT_EQ(details[0].at("connection"), 0);
  // A second reply is found where the next one was due, or after the last one that was.
  if (kind != "duplicated") {
    EXPECT_EQ(details[0].at("request"), kWrongOne);
    const auto offset = details[0].at("offset").to_number<std::uint64_t>();
    if (wrong.offset == kInTheHeader) {
      EXPECT_GT(offset, 0u);
      EXPECT_LT(offset, 32u);
    } else {
      EXPECT_EQ(offset, wrong.offset);
    }
  }
}

std::string name_of(const testing::TestParamInfo<std::tuple<Case, Load>>& info) {
  constexpr const char* kLoads[] = {"OneAtATime", "Pipelined", "OpenLoop", "OpenLoopOneAtATime"};
  return std::string(std::get<0>(info.param).name) + "_" + kLoads[static_cast<int>(std::get<1>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(All, WrongServers,
                         testing::Combine(testing::ValuesIn(kCases),
                                          testing::Values(Load::one_at_a_time, Load::pipelined, Load::open_loop,
                                                          Load::open_loop_one_at_a_time)),
                         name_of);

class SlowWriters : public testing::TestWithParam<Load> {};

TEST_P(SlowWriters, AreRightWithAByteAtATime) {
  FakeBackend server([](Peer& client) {
    for (;;) {
      for (const char byte : client.receive_exactly(kLength)) client.send_all(std::string(1, byte));
    }
    return Leave::close;
  });
  std::vector<std::string> all = arguments(GetParam());
  all.push_back(server.address());
  const LoadRun run = run_load(all);
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/completed"), 40u);
}

INSTANTIATE_TEST_SUITE_P(All, SlowWriters,
                         testing::Values(Load::one_at_a_time, Load::pipelined, Load::open_loop,
                                         Load::open_loop_one_at_a_time));

TEST(LoadForensics, ShowsTheBytesAroundThePlaceOfBoth) {
  const WrongServer server(Fault::flips);
  const LoadRun run = run_load({"echo", "-c", "1", "-n", "10", server.address()});
  const boost::json::value& wrong = run.report.at("errors").at("wrong").at(0);
  const auto expected = std::string(wrong.at("expected").as_string());
  const auto received = std::string(wrong.at("received").as_string());
  ASSERT_EQ(expected.size(), received.size());
  EXPECT_EQ(wrong.at("excerpt_at"), 32);
  const auto differing = std::mismatch(expected.begin(), expected.end(), received.begin()).first - expected.begin();
  EXPECT_EQ(differing / 2, 8) << "two digits a byte, eight bytes before the place";
  EXPECT_THAT(run.err, Says("is corrupt from byte 40 on"));
  EXPECT_THAT(run.err, testing::ContainsRegex("expected +([0-9a-f]{2} ){16}"));
}

TEST(LoadForensics, AsksWhetherItIsAnEchoWhereNothingIsRight) {
  FakeBackend server([](Peer& client) {
    for (;;) {
      client.receive_exactly(kLength);
      client.send_all("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    return Leave::close;
  });
  const LoadRun run = run_load({"echo", "-c", "1", "-n", "2", server.address()});
  EXPECT_EQ(run.exit, 4);
  EXPECT_THAT(run.err, Says("is this an echo server?"));
}

TEST(LoadForensics, KeepsTheFirstTenAndCountsAll) {
  FakeBackend server([](Peer& client) {
    std::string message = client.receive_exactly(kLength);
    message[63] = static_cast<char>(message[63] ^ 1);
    client.send_all(message);
    client.receive_until_end();
    return Leave::close;
  });
  const LoadRun run = run_load({"echo", "-c", "12", "-n", "12", server.address()});
  EXPECT_EQ(run.failures("corrupt"), 12u);
  EXPECT_EQ(run.report.at("errors").at("wrong").as_array().size(), 10u);
}

}  // namespace
}  // namespace weir::test
