#include "common/logging.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <regex>
#include <thread>

#include "common/log_destination.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unread_log.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

using test::read_file;
using test::TempDir;
using test::UnreadLog;

/// Each test has the log for itself and leaves spdlog as it was.
class Logging : public testing::Test {
 protected:
  ~Logging() override { spdlog::set_default_logger(before_); }

  const TempDir dir_;

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(Logging, WritesEveryMessageBeforeItStops) {
  start_logging({.file = dir_.file("log")});
  for (int i = 0; i < 100; ++i) spdlog::info("message {}", i);
  EXPECT_EQ(stop_logging().losses, "");
  const std::vector<std::string> lines = test::lines_of(read_file(dir_.file("log")));
  ASSERT_EQ(lines.size(), 100u);
  EXPECT_THAT(lines.back(), testing::EndsWith("Z info message 99"));
}

TEST_F(Logging, SaysHowManyMessagesAreMissingWhereTheyAreMissing) {
  UnreadLog unread(UnreadLog::Kind::fifo);
  start_logging({.json = true, .file = unread.path()});
  constexpr int kMessages = 20'000;
  for (int i = 0; i < kMessages; ++i) spdlog::info("message {}", i);
  const std::string text = unread.read_until([&](const std::string& read) {
    return read.find("message " + std::to_string(kMessages - 1)) != std::string::npos && read.ends_with('\n');
  });
  const std::uint64_t lost_in_all = lost_log_lines();
  EXPECT_EQ(stop_logging().losses, "");
  std::uint64_t lost = 0;
  // The number of a message is how many were written or lost before it.
  static const std::regex message(R"re("message":"(?:message (\d+)|(\d+) log messages were lost: .*)"\}$)re");
  int next = 0;
  int notices = 0;
  for (const std::string& line : test::lines_of(text)) {
    std::smatch match;
    ASSERT_TRUE(std::regex_search(line, match, message)) << line;
    if (match[2].matched) {
      next += std::stoi(match[2]);
      lost += std::stoul(match[2]);
      ++notices;
    } else {
      EXPECT_EQ(std::stoi(match[1]), next++);
    }
  }
  EXPECT_EQ(next, kMessages);
  EXPECT_EQ(lost, lost_in_all);
  EXPECT_GT(notices, 0);
}

TEST_F(Logging, ReturnsHowManyMessagesALogLostThatNobodyReads) {
  UnreadLog unread(UnreadLog::Kind::fifo);
  start_logging({.file = unread.path()});
  for (int i = 0; i < 20'000; ++i) spdlog::info("message {}", i);
  testing::internal::CaptureStderr();
  const LogEnd end = stop_logging();
  EXPECT_TRUE(end.finished);
  EXPECT_EQ(end.losses, "20000 log messages were lost: they could not be written in time");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "weir: " + end.losses + "\n");
}

TEST_F(Logging, LevelCanBeChangedWhileItRuns) {
  start_logging({.level = spdlog::level::warn, .file = dir_.file("log")});
  spdlog::info("one");
  set_log_level(spdlog::level::debug);
  EXPECT_EQ(log_level(), spdlog::level::debug);
  spdlog::debug("two");
  set_log_level(spdlog::level::off);
  spdlog::critical("three");
  EXPECT_EQ(stop_logging().losses, "");
  EXPECT_THAT(test::lines_of(read_file(dir_.file("log"))), testing::ElementsAre(testing::EndsWith(" debug two")));
}

TEST_F(Logging, LostLinesAreCountedFromTheStart) {
  start_logging({.file = "/dev/full"});
  EXPECT_EQ(lost_log_lines(), 0u);
  for (std::uint64_t lost = 1; lost <= 3; ++lost) {
    spdlog::info("message");
    EXPECT_TRUE(test::wait_until([&] { return lost_log_lines() == lost; })) << lost_log_lines();
  }
  EXPECT_EQ(lost_log_lines(), 3u);
  testing::internal::CaptureStderr();
  stop_logging();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("3 log messages were lost"));
}

TEST_F(Logging, AMessageSaysHowManyItStandsForIfThereWereMore) {
  EXPECT_EQ(times_since_last_said(1), "");
  EXPECT_EQ(times_since_last_said(3), " (3 times since the last message)");
}

TEST_F(Logging, GoesOnWhileTheFileIsReopenedAndNobodyReads) {
  UnreadLog unread(UnreadLog::Kind::fifo);
  start_logging({.file = unread.path()});
  spdlog::info("first");
  ASSERT_EQ(std::rename(unread.path().c_str(), (unread.path() + ".1").c_str()), 0);
  reopen_log_files();
  spdlog::info("second");
  EXPECT_EQ(stop_logging().losses, "");
  EXPECT_EQ(test::lines_of(read_file(unread.path())).size(), 2u);
}

TEST_F(Logging, AnotherTargetTakesWhatIsLoggedFromThenOn) {
  start_logging({.level = spdlog::level::warn, .file = dir_.file("first")});
  for (int i = 0; i < 1000; ++i) spdlog::warn("before {}", i);
  PreparedLog prepared = prepare_log({.level = spdlog::level::debug, .json = true, .file = dir_.file("second")});
  spdlog::warn("last");
  spdlog::debug("not logged");
  apply_log(std::move(prepared));
  spdlog::debug("after");
  EXPECT_EQ(log_level(), spdlog::level::debug);
  EXPECT_EQ(stop_logging().losses, "");
  const std::vector<std::string> first = test::lines_of(read_file(dir_.file("first")));
  ASSERT_EQ(first.size(), 1001u);
  EXPECT_THAT(first.back(), testing::EndsWith(" warning last"));
  EXPECT_THAT(test::lines_of(read_file(dir_.file("second"))),
              testing::ElementsAre(testing::EndsWith("\"level\":\"debug\",\"message\":\"after\"}")));
}

TEST_F(Logging, EachOfManyTargetsTakesItsOwnMessages) {
  start_logging({.file = dir_.file("0")});
  for (int i = 1; i <= 5; ++i) {
    spdlog::info("in {}", i - 1);
    apply_log(prepare_log({.file = dir_.file(std::to_string(i))}));
  }
  EXPECT_EQ(stop_logging().losses, "");
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(read_file(dir_.file(std::to_string(i))), testing::EndsWith(" info in " + std::to_string(i) + "\n"));
  }
}

TEST_F(Logging, TheOldFileIsClosedThoughNothingIsLogged) {
  start_logging({.file = dir_.file("first")});
  apply_log(prepare_log({.file = dir_.file("second")}));
  EXPECT_TRUE(test::wait_until([] { return LogDestination::all().size() == 1; }));
  ASSERT_EQ(std::rename(dir_.file("second").c_str(), dir_.file("third").c_str()), 0);
  reopen_log_files();
  spdlog::info("message");
  EXPECT_EQ(stop_logging().losses, "");
  EXPECT_THAT(read_file(dir_.file("second")), testing::EndsWith(" info message\n"));
  EXPECT_EQ(read_file(dir_.file("third")), "");
}

TEST_F(Logging, ATargetThatCannotBeOpenedOrIsNotAppliedChangesNothing) {
  start_logging({.file = dir_.file("log")});
  EXPECT_THROW(prepare_log({.file = dir_.file("none/log")}), std::runtime_error);
  {
    const PreparedLog unused = prepare_log({.level = spdlog::level::off, .file = dir_.file("other")});
  }
  EXPECT_EQ(LogDestination::all().size(), 1u);
  spdlog::info("message");
  EXPECT_EQ(stop_logging().losses, "");
  EXPECT_THAT(read_file(dir_.file("log")), testing::EndsWith(" info message\n"));
}

TEST_F(Logging, WhatADestinationDoesNotTakeGoesToTheNextInItsFormat) {
  const UnreadLog unread(UnreadLog::Kind::fifo);
  start_logging({.file = unread.path()});
  for (int i = 0; i < 100; ++i) spdlog::info("message {}", i);
  apply_log(prepare_log({.json = true, .file = dir_.file("log")}));
  spdlog::info("message 100");
  EXPECT_EQ(stop_logging().losses, "");  // at once, so that the end waits for the switch too
  const std::vector<std::string> lines = test::lines_of(read_file(dir_.file("log")));
  ASSERT_EQ(lines.size(), 101u);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], testing::EndsWith("\"message\":\"message " + std::to_string(i) + "\"}"));
    EXPECT_THAT(lines[i], testing::StartsWith("{"));
  }
}

TEST_F(Logging, TwoDestinationsThatNobodyReadsDoNotHoldUpTheEnd) {
  const UnreadLog first(UnreadLog::Kind::fifo);
  const UnreadLog second(UnreadLog::Kind::fifo);
  start_logging({.file = first.path()});
  spdlog::info("message");
  apply_log(prepare_log({.file = second.path()}));
  spdlog::info("message");
  testing::internal::CaptureStderr();
  const LogEnd end = stop_logging();
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(end.finished);
  EXPECT_EQ(end.losses, "2 log messages were lost: they could not be written in time");
}

TEST_F(Logging, AFloodDuringASwitchIsCountedAndTheSwitchIsMade) {
  const UnreadLog unread(UnreadLog::Kind::fifo);
  start_logging({.file = unread.path()});
  constexpr std::uint64_t kMessages = 30'000;
  spdlog::info("message");
  apply_log(prepare_log({.file = dir_.file("log")}));
  for (std::uint64_t i = 1; i < kMessages; ++i) spdlog::info("message");
  ASSERT_TRUE(test::wait_until([&] { return LogDestination::all().size() == 1; }));
  const auto written = [&] {
    std::uint64_t count = 0;
    for (const std::string& line : test::lines_of(read_file(dir_.file("log")))) count += line.ends_with(" message");
    return count;
  };
  EXPECT_TRUE(test::wait_until([&] { return written() + lost_log_lines() == kMessages; }))
      << written() << " and " << lost_log_lines();
  EXPECT_EQ(stop_logging().losses, "");
}

TEST_F(Logging, AThousandSwitchesLoseNothingAndLeaveNothingBehind) {
  start_logging({.file = dir_.file("0")});
  const auto count = [](const char* folder) {
    const std::filesystem::directory_iterator all(folder);
    return std::distance(begin(all), end(all));
  };
  const auto threads = count("/proc/self/task");
  const auto descriptors = count("/proc/self/fd");
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> logged{0};
  std::thread other([&] {
    while (!done && logged < 100'000) {
      spdlog::info("message");
      if (++logged % 16 == 0) std::this_thread::yield();
    }
  });
  for (int i = 1; i <= 1000; ++i) {
    apply_log(prepare_log({.json = i % 2 == 1, .file = dir_.file(std::to_string(i % 4))}));
  }
  done = true;
  other.join();
  EXPECT_TRUE(test::wait_until([&] { return count("/proc/self/fd") == descriptors; }));
  EXPECT_EQ(count("/proc/self/task"), threads);
  std::uint64_t lost = 0;
  ASSERT_TRUE(test::wait_until([&] {
    std::uint64_t written = 0;
    for (int i = 0; i < 4; ++i) {
      for (const std::string& line : test::lines_of(read_file(dir_.file(std::to_string(i))))) {
        written += line.find("lost") == std::string::npos ? 1u : 0u;
      }
    }
    lost = lost_log_lines();
    return written + lost == logged;
  })) << lost;
  stop_logging();
}

}  // namespace
}  // namespace weir
