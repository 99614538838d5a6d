#include "common/log_sink.hpp"

#include <gmock/gmock.h>
#include <spdlog/pattern_formatter.h>

#include "tests/support/temp_dir.hpp"
#include "tests/support/unread_log.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

using test::read_file;
using test::TempDir;
using test::UnreadLog;

constexpr FlushBound kShort{.total = std::chrono::milliseconds(200), .idle = std::chrono::milliseconds(20)};

void log(LogSink& sink, const std::string& text) { sink.log({"test", spdlog::level::info, text}); }

std::shared_ptr<LogSink> sink_to(const std::string& file) {
  auto sink = std::make_shared<LogSink>(LogDestination::open(file));
  sink->set_pattern("%v");
  return sink;
}

TEST(LogSink, WritesWhatItGatheredWhenItIsFlushed) {
  const TempDir dir;
  const auto sink = sink_to(dir.file("log"));
  log(*sink, "one");
  log(*sink, "two");
  EXPECT_EQ(read_file(dir.file("log")), "");
  sink->flush();
  EXPECT_EQ(read_file(dir.file("log")), "one\ntwo\n");
  EXPECT_EQ(sink->take_losses().count, 0u);
}

TEST(LogSink, GathersNoMoreThanItsBound) {
  const TempDir dir;
  const auto sink = sink_to(dir.file("log"));
  const std::string text(999, 'x');
  for (int i = 0; i < 1000; ++i) log(*sink, text);
  EXPECT_GT(read_file(dir.file("log")).size(), 1'000'000u - 70'000u);
}

TEST(LogSink, CountsEachMessageThatCouldNotBeWrittenAndSaysWhy) {
  const auto sink = sink_to("/dev/full");
  log(*sink, "one\nof two lines");
  log(*sink, "two");
  sink->flush();
  const LogSink::Losses losses = sink->take_losses();
  EXPECT_EQ(losses.count, 2u);
  EXPECT_EQ(losses.reason(), "No space left on device");
  EXPECT_EQ(sink->take_losses().count, 0u);
}

TEST(LogSink, OnceItGaveUpItOnlyCounts) {
  const TempDir dir;
  const auto sink = sink_to(dir.file("log"));
  log(*sink, "one");
  sink->give_up();
  log(*sink, "two");
  sink->flush();
  EXPECT_EQ(sink->take_losses().count, 2u);
  EXPECT_EQ(read_file(dir.file("log")), "");
}

TEST(FinishWithin, GivesUpWhereNobodyReads) {
  UnreadLog log_file(UnreadLog::Kind::fifo);
  const auto sink = sink_to(log_file.path());
  const std::future<void> written = std::async(std::launch::async, [&] {
    for (int i = 0; i < 5000; ++i) log(*sink, std::string(99, 'x'));
    sink->flush();
  });
  EXPECT_TRUE(finish_within(kShort, *sink, written));
  EXPECT_TRUE(sink->given_up());
  EXPECT_EQ(sink->take_losses().count, 5000u);
}

TEST(FinishWithin, WaitsForAReaderWhoReads) {
  UnreadLog log_file(UnreadLog::Kind::fifo);
  const auto sink = sink_to(log_file.path());
  const std::future<void> written = std::async(std::launch::async, [&] {
    for (int i = 0; i < 5000; ++i) log(*sink, std::string(99, 'x'));
    sink->flush();
  });
  std::future<void> reader = std::async(
      std::launch::async, [&] { log_file.read_until([](const std::string& read) { return read.size() == 500'000; }); });
  EXPECT_TRUE(finish_within({.total = test::kHang, .idle = test::kHang}, *sink, written));
  EXPECT_FALSE(sink->given_up());
  EXPECT_EQ(sink->take_losses().count, 0u);
  reader.get();
}

TEST(FinishWithin, SaysWhereTheThreadNeverComesBack) {
  const TempDir dir;
  const auto sink = sink_to(dir.file("log"));
  std::promise<void> never;
  EXPECT_FALSE(finish_within(kShort, *sink, never.get_future()));
}

}  // namespace
}  // namespace weir
