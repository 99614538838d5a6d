#include "common/logging.hpp"

#include <gmock/gmock.h>

#include <regex>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unread_log.hpp"

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
  EXPECT_EQ(times_since_last_said(3), " (3 times since last said)");
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

}  // namespace
}  // namespace weir
