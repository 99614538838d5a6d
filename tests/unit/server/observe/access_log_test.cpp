#include "server/observe/access_log.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "common/log_destination.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unread_log.hpp"

namespace weir {
namespace {

using test::lines_of;
using test::read_file;
using test::TempDir;
using test::UnreadLog;

/// The log is heard in a file of its own.
class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() { start_logging({.file = dir_.file("weir.log")}); }
  ~AccessLogTest() override { spdlog::set_default_logger(before_); }

  /// What the log says at its end.
  std::string stop() {
    EXPECT_EQ(stop_logging().losses, "");
    return read_file(dir_.file("weir.log"));
  }

  static void push(AccessLog& log, std::size_t count) {
    SessionRecord record;
    record.listener = std::make_shared<const std::string>("echo");
    for (std::size_t i = 0; i < count; ++i) log.queue(0).push(record);
  }

  const TempDir dir_;

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(AccessLogTest, WritesEveryRecordBeforeItCloses) {
  AccessLog log({.file = dir_.file("access.log")}, 2);
  push(log, 1000);
  EXPECT_EQ(log.close(), 0u);
  EXPECT_EQ(lines_of(read_file(dir_.file("access.log"))).size(), 1000u);
  EXPECT_EQ(stop(), "");
}

TEST_F(AccessLogTest, RecordsThatFoundNoPlaceAreSaidOnceItIsReadAgain) {
  UnreadLog unread(UnreadLog::Kind::fifo);
  AccessLog log({.file = unread.path()}, 1);
  push(log, 1);
  constexpr std::size_t kRecords = 2 * AccessLog::kQueueLimit + 1000;
  push(log, kRecords - 1);
  // The writer may have taken one batch before it was held, and the queue keeps another.
  const auto lines = [](std::string_view read) { return std::count(read.begin(), read.end(), '\n'); };
  // What was counted is not counted again: the text is long, and looked at often.
  std::size_t counted = 0;
  long newlines = 0;
  unread.read_until([&](const std::string& read) {
    newlines += lines(std::string_view(read).substr(counted));
    counted = read.size();
    return read.ends_with('\n') && newlines >= static_cast<long>(AccessLog::kQueueLimit);
  });
  std::string said;
  ASSERT_TRUE(test::wait_until([&] {
    unread.read_now();
    return !(said = read_file(dir_.file("weir.log"))).empty();
  }));
  EXPECT_EQ(log.close(), 0u);
  const std::size_t written = static_cast<std::size_t>(lines(unread.read_now()));
  EXPECT_THAT(stop(), testing::HasSubstr(" warning " + std::to_string(kRecords - written) +
                                         " connection records were lost: they could not be written in time\n"));
}

TEST_F(AccessLogTest, ClosesThoughNobodyReadsAndSaysWhatWasLost) {
  const UnreadLog unread(UnreadLog::Kind::fifo);
  AccessLog log({.format = LogFormat::json, .file = unread.path()}, 1);
  push(log, 1000);
  EXPECT_EQ(log.close(), 1000u);
  EXPECT_THAT(stop(), testing::EndsWith(" warning 1000 connection records were lost: they could not be written in "
                                        "time\n"));
}

constexpr AccessLog::Time kStart{std::chrono::hours(1)};

/// How many of so many connections that end so, all at once, get a record.
std::size_t wanted(AccessLog& log, int connections, SessionEnd end = SessionEnd::client_closed,
                   AccessLog::Time now = kStart) {
  std::size_t count = 0;
  for (int i = 0; i < connections; ++i) count += log.queue(0).wants(end, now) ? 1 : 0;
  return count;
}

/// Lets a connection end, and hands over its record where it is wanted.
void end_one(AccessLog& log, std::size_t worker, std::uint64_t id, SessionEnd end, AccessLog::Time now = kStart) {
  if (!log.queue(worker).wants(end, now)) return;
  SessionRecord record;
  record.listener = std::make_shared<const std::string>("echo");
  record.id = id;
  record.ended_at = std::chrono::system_clock::time_point(std::chrono::seconds(id));
  record.end = end;
  log.queue(worker).push(record);
}

std::vector<std::uint64_t> recent_ids(const AccessLog& log, bool failed, std::size_t most = 1000) {
  std::vector<std::uint64_t> ids;
  for (const SessionRecord& record : log.recent(failed, most)) ids.push_back(record.id);
  return ids;
}

TEST_F(AccessLogTest, SampleIsEveryNthConnection) {
  for (const std::uint32_t sample : {1u, 2u, 10u}) {
    AccessLog log({.file = dir_.file("access.log"), .sample = sample}, 1);
    EXPECT_EQ(wanted(log, 100), 100 / sample);
  }
  AccessLog off({.enabled = false, .file = dir_.file("access.log")}, 1);
  EXPECT_EQ(wanted(off, 100), 0u);
}

TEST_F(AccessLogTest, OnlyFailedTakesEachFailedOneAndSamplesTheOthersIfItIsToldTo) {
  for (const auto& [sample, others] : {std::pair{1u, 0u}, {2u, 50u}, {10u, 10u}}) {
    AccessLog log({.file = dir_.file("access.log"), .sample = sample, .only = AccessLogConfig::Only::failed}, 1);
    EXPECT_EQ(wanted(log, 100, SessionEnd::denied), 100u);
    EXPECT_EQ(wanted(log, 100, SessionEnd::server_closed), others);
    EXPECT_EQ(wanted(log, 100, SessionEnd::killed), 100u);
  }
}

TEST_F(AccessLogTest, RemembersWhatItWritesNewestFirstWhicheverWorkerHadIt) {
  AccessLog log({.file = dir_.file("access.log")}, 2, true);
  end_one(log, 1, 2, SessionEnd::client_closed);
  end_one(log, 0, 1, SessionEnd::denied);
  end_one(log, 0, 3, SessionEnd::server_reset);
  ASSERT_TRUE(test::wait_until([&] { return log.recent(false, 10).size() == 3; }));
  EXPECT_THAT(recent_ids(log, false), testing::ElementsAre(3, 2, 1));
  EXPECT_THAT(recent_ids(log, true), testing::ElementsAre(3, 1));
  EXPECT_THAT(recent_ids(log, false, 2), testing::ElementsAre(3, 2));
  log.close();
  EXPECT_EQ(lines_of(read_file(dir_.file("access.log"))).size(), 3u);
}

TEST_F(AccessLogTest, RemembersThoughTheLogIsOff) {
  AccessLog log({.enabled = false}, 1, true);
  end_one(log, 0, 1, SessionEnd::denied);
  end_one(log, 0, 2, SessionEnd::client_closed);
  ASSERT_TRUE(test::wait_until([&] { return log.recent(false, 10).size() == 2; }));
  EXPECT_THAT(recent_ids(log, true), testing::ElementsAre(1));
  EXPECT_EQ(log.close(), 0u);
}

TEST_F(AccessLogTest, WhatIsOnlyRememberedIsNotWritten) {
  AccessLog log({.file = dir_.file("access.log"), .sample = 3}, 1, true);
  for (std::uint64_t id = 1; id <= 9; ++id) end_one(log, 0, id, SessionEnd::denied);
  ASSERT_TRUE(test::wait_until([&] { return log.recent(true, 10).size() == 9; }));
  log.close();
  const std::vector<std::string> lines = lines_of(read_file(dir_.file("access.log")));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], testing::HasSubstr(" id=3 "));
}

TEST_F(AccessLogTest, RemembersAHundredFailuresASecondAndOneOtherInTenMilliseconds) {
  AccessLog log({.enabled = false}, 1, true);
  using std::chrono::milliseconds;
  for (const milliseconds since : {milliseconds(0), milliseconds(1000), milliseconds(5000)}) {
    EXPECT_EQ(wanted(log, 1000, SessionEnd::refused_limit, kStart + since), 100u);
    EXPECT_EQ(wanted(log, 1000, SessionEnd::refused_limit, kStart + since + milliseconds(999)), 0u);
  }
  for (const milliseconds since : {milliseconds(0), milliseconds(10), milliseconds(500)}) {
    EXPECT_EQ(wanted(log, 1000, SessionEnd::client_closed, kStart + since), 1u);
    EXPECT_EQ(wanted(log, 1000, SessionEnd::client_closed, kStart + since + milliseconds(9)), 0u);
  }
}

TEST_F(AccessLogTest, RemembersNothingUnlessItIsToldTo) {
  AccessLog log({.file = dir_.file("access.log")}, 1);
  end_one(log, 0, 1, SessionEnd::denied);
  log.close();
  EXPECT_THAT(recent_ids(log, false), testing::IsEmpty());
}

TEST_F(AccessLogTest, FullDiskIsSaidAndCounted) {
  AccessLog log({.file = "/dev/full"}, 1);
  push(log, 10);
  log.close();
  EXPECT_EQ(log.lost(), 10u);
  EXPECT_THAT(stop(), testing::HasSubstr(" connection records were lost: No space left on device\n"));
}

void apply(AccessLog& log, const AccessLogConfig& config, bool remember = false) {
  log.apply(AccessLog::prepare(config, remember));
}

TEST_F(AccessLogTest, OtherSettingsHoldForConnectionsThatEndFromThenOn) {
  AccessLog log({.file = dir_.file("access.log")}, 2);
  EXPECT_EQ(wanted(log, 100), 100u);
  apply(log, {.file = dir_.file("access.log"), .sample = 10});
  EXPECT_EQ(wanted(log, 100), 10u);
  apply(log, {.file = dir_.file("access.log"), .only = AccessLogConfig::Only::failed});
  EXPECT_EQ(wanted(log, 100), 0u);
  EXPECT_EQ(wanted(log, 100, SessionEnd::denied), 100u);
  apply(log, {.enabled = false});
  EXPECT_EQ(wanted(log, 100, SessionEnd::denied), 0u);
  apply(log, {.enabled = false}, true);
  EXPECT_EQ(wanted(log, 100, SessionEnd::denied), 100u);
}

TEST_F(AccessLogTest, AnotherFileAndFormatTakeWhatComesAndNothingIsLost) {
  const std::string first = dir_.file("first.log");
  const std::string second = dir_.file("second.log");
  AccessLog log({.file = first}, 1);
  push(log, 100);
  ASSERT_TRUE(test::wait_until([&] { return lines_of(read_file(first)).size() == 100; }));
  apply(log, {.format = LogFormat::json, .file = second});
  push(log, 50);
  EXPECT_EQ(log.close(), 0u);
  EXPECT_EQ(lines_of(read_file(first)).size(), 100u);
  const std::vector<std::string> lines = lines_of(read_file(second));
  EXPECT_EQ(lines.size(), 50u);
  EXPECT_THAT(lines, testing::Each(testing::StartsWith("{")));
}

TEST_F(AccessLogTest, SwitchesOnAndOff) {
  const std::string file = dir_.file("access.log");
  AccessLog log({.enabled = false}, 2);
  end_one(log, 0, 1, SessionEnd::denied);
  apply(log, {.file = file});
  end_one(log, 0, 2, SessionEnd::denied);
  end_one(log, 1, 3, SessionEnd::denied);
  apply(log, {.enabled = false});
  end_one(log, 1, 4, SessionEnd::denied);
  ASSERT_TRUE(test::wait_until([&] { return LogDestination::all().size() == 1; })) << "the file is still open";
  EXPECT_THAT(lines_of(read_file(file)),
              testing::UnorderedElementsAre(testing::HasSubstr(" id=2 "), testing::HasSubstr(" id=3 ")));
  apply(log, {.file = file});
  end_one(log, 0, 5, SessionEnd::denied);
  EXPECT_EQ(log.close(), 0u);
  EXPECT_EQ(lines_of(read_file(file)).size(), 3u);
}

TEST_F(AccessLogTest, ARecordThatWasWantedBeforeTheLogWasSwitchedOffIsNotWritten) {
  const std::string file = dir_.file("access.log");
  AccessLog log({.file = file}, 1, true);
  ASSERT_TRUE(log.queue(0).wants(SessionEnd::denied, kStart));
  apply(log, {.enabled = false}, true);
  push(log, 1);
  ASSERT_TRUE(test::wait_until([&] { return log.recent(true, 1).size() + log.recent(false, 1).size() > 0; }));
  EXPECT_EQ(log.close(), 0u);
  EXPECT_EQ(log.lost(), 0u);
  EXPECT_EQ(read_file(file), "");
}

TEST_F(AccessLogTest, WhatAFileDoesNotTakeGoesToTheNextInItsFormat) {
  const UnreadLog unread(UnreadLog::Kind::fifo);
  const std::string file = dir_.file("access.log");
  AccessLog log({.file = unread.path()}, 1);
  for (std::uint64_t id = 1; id <= 2000; ++id) end_one(log, 0, id, SessionEnd::denied);
  apply(log, {.format = LogFormat::json, .file = file});
  for (std::uint64_t id = 2001; id <= 2010; ++id) end_one(log, 0, id, SessionEnd::denied);
  ASSERT_TRUE(test::wait_until([&] { return lines_of(read_file(file)).size() == 2010; }));
  EXPECT_EQ(log.close(), 0u);
  EXPECT_EQ(log.lost(), 0u);
  const std::vector<std::string> lines = lines_of(read_file(file));
  ASSERT_EQ(lines.size(), 2010u);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], testing::AllOf(testing::StartsWith("{"),
                                         testing::ContainsRegex("\"id\":" + std::to_string(i + 1) + "[,}]")));
  }
}

TEST_F(AccessLogTest, WhatAFileDoesNotTakeIsLostAndCountedWhereTheLogIsSwitchedOff) {
  const UnreadLog unread(UnreadLog::Kind::fifo);
  AccessLog log({.file = unread.path()}, 1);
  push(log, 1000);
  apply(log, {.enabled = false});
  EXPECT_TRUE(test::wait_until([&] { return log.lost() == 1000; }));
  log.close();
  // The records may have gone in several batches, each of which is reported.
  EXPECT_THAT(stop(), testing::HasSubstr(" connection records were lost: they could not be written in time\n"));
}

TEST_F(AccessLogTest, AThousandSwitchesUnderLoadLoseNothingAndLeaveNothingOpen) {
  AccessLog log({.file = dir_.file("0.log")}, 2);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> pushed{0};
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    workers.emplace_back([&, worker] {
      for (std::uint64_t id = 1; id <= 30'000 && !done; ++id) {
        end_one(log, worker, id, SessionEnd::denied);
        ++pushed;
        if (id % 16 == 0) std::this_thread::yield();
      }
    });
  }
  for (int i = 1; i <= 1000; ++i) {
    const LogFormat format = i % 2 == 0 ? LogFormat::json : LogFormat::text;
    apply(log, {.format = format, .file = dir_.file(std::to_string(i % 4) + ".log")}, true);
  }
  ASSERT_TRUE(test::wait_until([&] { return LogDestination::all().size() == 2; })) << "a file is still open";
  done = true;
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(log.close(), 0u);
  std::size_t written = 0;
  for (int i = 0; i < 4; ++i) written += lines_of(read_file(dir_.file(std::to_string(i) + ".log"))).size();
  EXPECT_EQ(written + log.lost(), pushed);
}

TEST_F(AccessLogTest, AFileThatCannotBeOpenedChangesNothing) {
  AccessLog log({.file = dir_.file("access.log")}, 1);
  EXPECT_THROW(AccessLog::prepare({.file = dir_.file("none/access.log")}, false), std::runtime_error);
  AccessLog::prepare({.enabled = false}, false);
  push(log, 1);
  EXPECT_EQ(log.close(), 0u);
  EXPECT_EQ(lines_of(read_file(dir_.file("access.log"))).size(), 1u);
}

}  // namespace
}  // namespace weir
