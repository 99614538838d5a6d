#include "client/command_line/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Command parse(const std::vector<std::string>& arguments) { return parse_command_line(arguments); }

LoadOptions load_options(const std::vector<std::string>& arguments) { return std::get<LoadOptions>(parse(arguments)); }

std::string printed(const std::vector<std::string>& arguments) { return std::get<PrintText>(parse(arguments)).text; }

std::string complaint(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(LoadCommandLine, EchoHasItsDefaults) {
  const LoadOptions options = load_options({"echo", "localhost:7000"});
  EXPECT_EQ(options.workload, Workload::echo);
  EXPECT_EQ(options.target.to_string(), "localhost:7000");
  EXPECT_EQ(options.connections, 64u);
  EXPECT_FALSE(options.duration);
  EXPECT_EQ(options.timeout, seconds(5));
}

TEST(LoadCommandLine, EveryOptionIsUnderstood) {
  const LoadOptions options = load_options(
      {"echo",      "-c",       "1k",           "-t",     "2",        "-d",        "500ms",     "-n",
       "1m",        "-l",       "64-4k",        "-W",     "2s",       "--timeout", "1s",        "--connect-rate",
       "100",       "--source", "127.0.0.0/24", "--json", "-",        "--quiet",   "-i",        "250ms",
       "--seed",    "9",        "--max-errors", "5",      "--expect", "upper",     "--message", R"({n}\x00\n)",
       "unix:@echo"});
  EXPECT_EQ(options.connections, 1000u);
  EXPECT_EQ(options.threads, 2u);
  EXPECT_EQ(options.duration, milliseconds(500));
  EXPECT_EQ(options.requests, 1'000'000u);
  EXPECT_EQ(options.message.lengths.longest(), 4096u);
  EXPECT_EQ(options.warmup, seconds(2));
  EXPECT_EQ(options.timeout, seconds(1));
  EXPECT_EQ(options.connect_rate, 100u);
  EXPECT_EQ(options.source.size(), 254u);
  EXPECT_EQ(options.json_file, "-");
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(options.interval, milliseconds(250));
  EXPECT_EQ(options.message.seed, 9u);
  EXPECT_EQ(options.max_errors, 5u);
  EXPECT_TRUE(options.message.upper);
  EXPECT_EQ(options.message.text, std::string("{n}\0\n", 5));
}

TEST(LoadCommandLine, ConnectCanCloseByResetWithoutAnExchange) {
  const LoadOptions options = load_options({"connect", "--close", "rst", "--no-exchange", "localhost:1"});
  EXPECT_EQ(options.workload, Workload::connect);
  EXPECT_EQ(options.close_by, CloseBy::rst);
  EXPECT_FALSE(options.exchange);
}

TEST(LoadCommandLine, UnknownVerbIsToldTheNearest) {
  EXPECT_THAT(complaint({"ecoh", "localhost:1"}), HasSubstr("did you mean \"echo\"?"));
  EXPECT_THAT(complaint({"stream", "localhost:1"}), HasSubstr("there is no verb"));
}

TEST(LoadCommandLine, SaysWhatIsWrong) {
  EXPECT_THAT(complaint({"echo"}), HasSubstr("TARGET is required"));
  EXPECT_THAT(complaint({"echo", "localhost"}), HasSubstr("TARGET"));
  EXPECT_THAT(complaint({"echo", "-c", "0", "localhost:1"}), HasSubstr("--connections"));
  EXPECT_THAT(complaint({"echo", "-l", "4k-1", "localhost:1"}), HasSubstr("goes upward"));
  EXPECT_THAT(complaint({"echo", "--close", "rst", "localhost:1"}), HasSubstr("--close"));
  EXPECT_THAT(complaint({"echo", "--rate", "5", "localhost:1"}), HasSubstr("--rate"));
  EXPECT_THAT(complaint({"connect", "--close", "sometimes", "localhost:1"}), HasSubstr("fin or rst"));
  EXPECT_THAT(complaint({"echo", "--message", R"(\q)", "localhost:1"}), HasSubstr("is no escape"));
  EXPECT_THAT(complaint({"--fast"}), HasSubstr("a verb comes first"));
}

TEST(LoadCommandLine, HelpIsThereForEachVerb) {
  EXPECT_THAT(printed({"--help"}), HasSubstr("weir-load VERB"));
  EXPECT_THAT(printed({"--version"}), testing::StartsWith("weir-load "));
  for (const char* verb : {"echo", "connect", "chat"}) {
    EXPECT_THAT(printed({verb, "--help"}), HasSubstr(std::string("usage: weir-load ") + verb));
    EXPECT_EQ(printed({"help", verb}), printed({verb, "-h"}));
  }
}

}  // namespace
}  // namespace weir::load
