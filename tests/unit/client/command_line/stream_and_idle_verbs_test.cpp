#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "client/command_line/command_line.hpp"

namespace weir::load {
namespace {

using testing::HasSubstr;

template <typename Options>
Options parse(const std::vector<std::string>& arguments) {
  return std::get<Options>(parse_command_line(arguments));
}

std::string refused(const std::vector<std::string>& arguments) {
  try {
    parse_command_line(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(StreamVerb, HasItsDefaults) {
  const auto options = parse<StreamOptions>({"stream", "127.0.0.1:7001"});
  EXPECT_EQ(options.target.to_string(), "127.0.0.1:7001");
  EXPECT_EQ(options.direction, Direction::up);
  EXPECT_EQ(options.streams, 1U);
  EXPECT_EQ(options.pace, 0U);
  EXPECT_EQ(options.duration, std::chrono::seconds(10));
}

TEST(StreamVerb, EveryOptionIsUnderstood) {
  const auto options = parse<StreamOptions>({"stream",
                                             "--direction",
                                             "both",
                                             "-c",
                                             "8",
                                             "--pace",
                                             "10MiB",
                                             "-d",
                                             "30s",
                                             "-W",
                                             "5s",
                                             "-t",
                                             "2",
                                             "--timeout",
                                             "1s",
                                             "--source",
                                             "127.0.0.0/24",
                                             "--proxy-protocol",
                                             "v2",
                                             "--proxy-sources",
                                             "10.0.0.0/8",
                                             "--max-errors",
                                             "3",
                                             "-i",
                                             "100ms",
                                             "--json",
                                             "-",
                                             "--quiet",
                                             "[::1]:1"});
  EXPECT_EQ(options.direction, Direction::both);
  EXPECT_EQ(options.streams, 8U);
  EXPECT_EQ(options.pace, 10U << 20);
  EXPECT_EQ(options.warmup, std::chrono::seconds(5));
  EXPECT_EQ(options.threads, 2U);
  EXPECT_EQ(options.proxy_protocol, ProxyVersion::v2);
  EXPECT_EQ(options.max_errors, 3U);
  EXPECT_EQ(options.interval, std::chrono::milliseconds(100));
  EXPECT_EQ(options.json_file, "-");
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(parse<StreamOptions>({"stream", "--streams", "3", "127.0.0.1:1"}).streams, 3U);
}

TEST(StreamVerb, ServesWhereItIsTold) {
  const auto options = parse<StreamServeOptions>({"stream", "--serve", ":0", "-t", "2", "--timeout", "1s"});
  EXPECT_EQ(options.bind.to_string(), ":0");
  EXPECT_EQ(options.threads, 2U);
  EXPECT_EQ(options.timeout, std::chrono::seconds(1));
}

TEST(StreamVerb, SaysWhatIsWrong) {
  EXPECT_THAT(refused({"stream"}), HasSubstr("needs a TARGET, or --serve BIND"));
  EXPECT_THAT(refused({"stream", "--direction", "in", "127.0.0.1:1"}), HasSubstr("is up, down or both"));
  EXPECT_THAT(refused({"stream", "--pace", "0", "127.0.0.1:1"}), HasSubstr("--pace"));
  EXPECT_THAT(refused({"stream", "--serve", ":0", "--pace", "1k"}), HasSubstr("--pace has no use with --serve"));
  EXPECT_THAT(refused({"stream", "--serve", ":0", "127.0.0.1:1"}), HasSubstr("has no use with --serve"));
}

TEST(IdleVerb, HasItsDefaults) {
  const auto options = parse<IdleOptions>({"idle", "127.0.0.1:1"});
  EXPECT_EQ(options.connections, 64U);
  EXPECT_FALSE(options.duration);
  EXPECT_FALSE(options.keepalive);
  EXPECT_FALSE(options.max_ended);
}

TEST(IdleVerb, EveryOptionIsUnderstood) {
  const auto options =
      parse<IdleOptions>({"idle", "-c", "10k", "-d", "1h", "--connect-rate", "100", "--keepalive", "2m", "--timeout",
                          "1s", "--max-errors", "2", "--max-ended", "0", "--json", "x.json", "--quiet", "127.0.0.1:1"});
  EXPECT_EQ(options.connections, 10'000U);
  EXPECT_EQ(options.duration, std::chrono::hours(1));
  EXPECT_EQ(options.connect_rate, 100U);
  EXPECT_EQ(options.keepalive, std::chrono::minutes(2));
  EXPECT_EQ(options.max_ended, 0U);
  EXPECT_EQ(options.json_file, "x.json");
}

TEST(IdleVerb, KeepaliveIsWholeSecondsOfTcp) {
  EXPECT_THAT(refused({"idle", "--keepalive", "1500ms", "127.0.0.1:1"}), HasSubstr("is whole seconds"));
  EXPECT_THAT(refused({"idle", "--keepalive", "10h", "127.0.0.1:1"}), HasSubstr("1s to 32767s"));
  EXPECT_THAT(refused({"idle", "--keepalive", "5s", "unix:@x"}), HasSubstr("no use on a unix socket"));
}

TEST(StreamAndIdleVerbs, HaveHelpThatFitsATerminal) {
  for (const char* verb : {"stream", "idle"}) {
    const std::string help = std::get<PrintText>(parse_command_line(std::vector<std::string>{"help", verb})).text;
    EXPECT_THAT(help, HasSubstr(std::string("usage: weir-load ") + verb));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = help.find('\n', begin)) != std::string::npos; begin = end + 1) {
      EXPECT_LE(end - begin, 100U) << help.substr(begin, end - begin);
    }
  }
}

}  // namespace
}  // namespace weir::load
