#include "common/log_destination.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/support/temp_dir.hpp"
#include "tests/support/unread_log.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

using test::read_file;
using test::TempDir;
using test::UnreadLog;

/// Makes a descriptor the program's stderr for a while.
class StderrFor {
 public:
  explicit StderrFor(int fd) : before_(::dup(STDERR_FILENO)) { ::dup2(fd, STDERR_FILENO); }
  ~StderrFor() { ::dup2(before_.get(), STDERR_FILENO); }
  StderrFor(const StderrFor&) = delete;
  StderrFor& operator=(const StderrFor&) = delete;

 private:
  io::Descriptor before_;
};

std::shared_ptr<LogDestination> open_as_stderr(int fd) {
  const StderrFor meanwhile(fd);
  return LogDestination::open("-");
}

/// A thread that writes until it is through or gives up.
class Writer {
 public:
  Writer(LogDestination& destination, std::string text)
      : destination_(destination), text_(std::move(text)), thread_([this] {
          written_ = destination_.write(text_, given_up_);
          ended_ = true;
        }) {}
  ~Writer() {
    if (thread_.joinable()) give_up();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  LogDestination::Written wait() {
    thread_.join();
    return written_;
  }
  LogDestination::Written give_up() {
    given_up_ = true;
    EXPECT_TRUE(test::wait_until([this] {
      destination_.interrupt();
      return ended_.load();
    }));
    return wait();
  }

 private:
  LogDestination& destination_;
  const std::string text_;
  LogDestination::Written written_;
  std::atomic<bool> given_up_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// So many bytes in lines of a hundred.
std::string lines_of_size(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::string(99, static_cast<char>('a' + text.size() / 100 % 26)) + "\n";
  return text;
}

std::string write_now(LogDestination& destination, const std::string& text) {
  const std::atomic<bool> never{false};
  const LogDestination::Written written = destination.write(text, never);
  return std::to_string(written.bytes) + (written.error == 0 ? "" : std::string(" ") + std::strerror(written.error));
}

TEST(LogDestination, AppendsToAFileThatItMakes) {
  const TempDir dir;
  const std::string file = dir.file("log");
  EXPECT_EQ(write_now(*LogDestination::open(file), "one\n"), "4");
  EXPECT_EQ(write_now(*LogDestination::open(file), "two\n"), "4");
  EXPECT_EQ(read_file(file), "one\ntwo\n");
}

TEST(LogDestination, IsSharedByThoseWhoNameTheSame) {
  const TempDir dir;
  const auto one = LogDestination::open(dir.file("log"));
  EXPECT_EQ(LogDestination::open(dir.file("log")), one);
  EXPECT_NE(LogDestination::open(dir.file("other")), one);
}

TEST(LogDestination, SaysWhyAFileCannotBeOpened) {
  const TempDir dir;
  EXPECT_THAT([&] { LogDestination::open(dir.path().string()); },
              testing::ThrowsMessage<std::runtime_error>("cannot open " + dir.path().string() + ": Is a directory"));
}

TEST(LogDestination, SaysWhyAWriteFailed) {
  EXPECT_EQ(write_now(*LogDestination::open("/dev/full"), "one\n"), "0 No space left on device");
}

TEST(LogDestination, BeginsALineOfItsOwnBehindOneThatWasCut) {
  const TempDir dir;
  const auto destination = LogDestination::open(dir.write("log", "whole\nin the mid"));
  EXPECT_EQ(write_now(*destination, "one\n"), "4");
  EXPECT_EQ(write_now(*destination, "two\n"), "4");
  EXPECT_EQ(read_file(dir.file("log")), "whole\nin the mid\none\ntwo\n");
}

TEST(LogDestination, WritesToNothingWhereThereIsNoStderr) {
  const io::Descriptor before(::dup(STDERR_FILENO));
  ::close(STDERR_FILENO);
  const std::string written = write_now(*LogDestination::open("-"), "one\n");
  ::dup2(before.get(), STDERR_FILENO);
  EXPECT_EQ(written, "4");
}

TEST(LogDestination, FifoWithoutAReaderIsOpenedAndKeepsWhatItHolds) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo(dir.file("log").c_str(), 0600), 0);
  EXPECT_EQ(write_now(*LogDestination::open(dir.file("log")), "one\n"), "4");
}

class UnreadDestination : public testing::TestWithParam<UnreadLog::Kind> {
 protected:
  UnreadLog log_{GetParam()};
  std::shared_ptr<LogDestination> destination_ = open_as_stderr(log_.writer());
};

TEST_P(UnreadDestination, TakesEverythingInOrderOnceItIsRead) {
  const std::string text = lines_of_size(300'000);
  Writer writer(*destination_, text);
  EXPECT_EQ(log_.read_until([&](const std::string& read) { return read.size() >= text.size(); }), text);
  EXPECT_EQ(writer.wait().bytes, text.size());
}

TEST_P(UnreadDestination, LetsItsWriterGiveUpAndKeepsLinesApartThen) {
  const std::string text = lines_of_size(300'000);
  Writer first(*destination_, text);
  const std::string begin = log_.read_until([](const std::string& read) { return read.size() > 10'000; });
  const std::size_t written = first.give_up().bytes;
  EXPECT_GE(written, begin.size());
  EXPECT_LT(written, text.size());
  Writer second(*destination_, "another\n");
  const std::string read = log_.read_until([](const std::string& all) { return all.ends_with("another\n"); });
  EXPECT_EQ(second.wait().bytes, 8u);
  const std::string cut = text.substr(0, written);
  EXPECT_EQ(read, cut + (cut.ends_with('\n') ? "" : "\n") + "another\n");
}

/// Longer than what a pipe takes whole, so that it is cut in its middle.
TEST_P(UnreadDestination, NextLineBeginsOnALineOfItsOwnWhereALongOneWasCut) {
  const std::string text = std::string(300'000, 'x') + "\n";
  Writer first(*destination_, text);
  log_.read_until([](const std::string& read) { return read.size() > 10'000; });
  const std::size_t written = first.give_up().bytes;
  ASSERT_LT(written, text.size());
  Writer second(*destination_, "another\n");
  const std::string read = log_.read_until([](const std::string& all) { return all.ends_with("another\n"); });
  EXPECT_EQ(second.wait().bytes, 8u);
  EXPECT_EQ(read, text.substr(0, written) + "\nanother\n");
}

TEST_P(UnreadDestination, LetsOneWriterGiveUpWhileAnotherWaitsOn) {
  Writer first(*destination_, "first\n");
  Writer second(*destination_, "second\n");
  EXPECT_EQ(first.give_up().bytes, 0u);
  log_.read_until([](const std::string& read) { return read == "second\n"; });
  EXPECT_EQ(second.wait().bytes, 7u);
}

TEST_P(UnreadDestination, MayBlockAndLetsItsOwnerGoAllTheSame) {
  EXPECT_TRUE(destination_->may_block());
  Writer writer(*destination_, "never\n");
  destination_->reopen();
  EXPECT_EQ(writer.give_up().bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Each, UnreadDestination,
                         testing::Values(UnreadLog::Kind::pipe, UnreadLog::Kind::fifo, UnreadLog::Kind::unix_socket,
                                         UnreadLog::Kind::terminal),
                         [](const auto& each) { return to_string(each.param); });

TEST(LogDestination, ReopenedWhileItIsStuckGoesOnInTheNewFile) {
  UnreadLog log(UnreadLog::Kind::fifo);
  const auto destination = LogDestination::open(log.path());
  const std::string text = lines_of_size(300'000);
  Writer writer(*destination, text);
  log.read_until([](const std::string& read) { return read.size() > 10'000; });
  ASSERT_EQ(std::rename(log.path().c_str(), (log.path() + ".1").c_str()), 0);
  destination->reopen();
  EXPECT_EQ(writer.wait().bytes, text.size());
  EXPECT_FALSE(destination->may_block());
  EXPECT_EQ(log.read_now() + read_file(log.path()), text);
}

TEST(LogDestination, ReopenedWhileItIsIdleLetsTheOldFileGoAtOnce) {
  const TempDir dir;
  const std::string file = dir.file("log");
  const auto destination = LogDestination::open(file);
  EXPECT_EQ(write_now(*destination, "one\n"), "4");
  ASSERT_EQ(std::rename(file.c_str(), dir.file("old").c_str()), 0);
  destination->reopen();
  EXPECT_EQ(write_now(*destination, "two\n"), "4");
  EXPECT_EQ(read_file(dir.file("old")), "one\n");
  EXPECT_EQ(read_file(file), "two\n");
}

TEST(LogDestination, KeepsTheOldFileWhereTheNewOneCannotBeOpened) {
  const TempDir dir;
  const std::string file = dir.file("log");
  const auto destination = LogDestination::open(file);
  ASSERT_EQ(std::rename(file.c_str(), dir.file("old").c_str()), 0);
  ASSERT_EQ(::mkdir(file.c_str(), 0700), 0);
  EXPECT_THROW(destination->reopen(), std::runtime_error);
  EXPECT_EQ(write_now(*destination, "one\n"), "4");
  EXPECT_EQ(read_file(dir.file("old")), "one\n");
}

/// A terminal with room for a part of what is written polls writable, and then write(2) itself waits for the rest.
TEST(LogDestination, WriterWhomATerminalHoldsInWriteCanStillGiveUp) {
  UnreadLog log(UnreadLog::Kind::terminal);
  const auto destination = open_as_stderr(log.writer());
  Writer writer(*destination, lines_of_size(1'000'000));
  log.read_until([](const std::string& read) { return read.size() > 100; });
  EXPECT_LT(writer.give_up().bytes, 1'000'000u);
}

TEST(LogDestination, SaysWhatKeepsItFromOpeningAndMakesNothing) {
  const TempDir dir;
  EXPECT_EQ(LogDestination::problem_with("-"), "");
  EXPECT_EQ(LogDestination::problem_with(dir.file("new")), "");
  EXPECT_EQ(LogDestination::problem_with(dir.write("old", "x")), "");
  EXPECT_EQ(LogDestination::problem_with(dir.path().string()), "Is a directory");
  EXPECT_EQ(LogDestination::problem_with(dir.file("a/b")), "there is no folder " + dir.file("a"));
  EXPECT_EQ(LogDestination::problem_with(dir.file("old/b")), "Not a directory");
  EXPECT_THROW(LogDestination::open(dir.file("a/b")), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(dir.file("new")));
  EXPECT_FALSE(std::filesystem::exists(dir.file("a")));
}

}  // namespace
}  // namespace weir
