#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

/// What the daemon writes where systemd's journal reads its stderr.
namespace weir::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

/// A pipe that stands in for the journal's stream.
class Journal {
 public:
  Journal() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    reader_ = io::Descriptor(ends[0]);
    writer_ = io::Descriptor(ends[1]);
  }

  /// For a program whose stderr this is.
  Process::Options options() const {
    struct stat status{};
    ::fstat(writer_.get(), &status);
    const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    return {.environment = {{"JOURNAL_STREAM", stream}}, .error = writer_.get()};
  }

  /// All lines, once the program has ended.
  std::vector<std::string> lines() {
    writer_ = io::Descriptor();
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t count = 0; (count = ::read(reader_.get(), piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<std::size_t>(count));
    }
    return lines_of(text);
  }

 private:
  io::Descriptor reader_;
  io::Descriptor writer_;
};

/// Whether the program has a handler for the signal (proc_pid_status(5)).
bool catches(const Process& process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process.pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigCgt:")) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0;
  }
  return false;
}

/// What a daemon logs that is told to stop as soon as it listens.
std::vector<std::string> log_of_a_short_life(std::vector<std::string> set, const Process::Options& options,
                                             Journal& journal) {
  std::vector<std::string> arguments{"echo", "127.0.0.1:0", "--set", "access_log.enabled=false"};
  for (const std::string& assignment : set) arguments.insert(arguments.end(), {"--set", assignment});
  arguments.insert(arguments.end(), {"--set", "workers=1"});
  Process daemon("weir", arguments, options);
  EXPECT_TRUE(wait_until([&] { return catches(daemon, SIGTERM); }));  // until then it ends the daemon at once
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait_exit(), 0);
  return journal.lines();
}

TEST(Journal, GetsThePriorityOfEachLineAndNoTime) {
  Journal journal;
  const std::vector<std::string> lines = log_of_a_short_life({"limits.backlog=1000000"}, journal.options(), journal);
  EXPECT_THAT(lines, Each(MatchesRegex("<[0-9]>(info|warning) [^0-9].*")));
  EXPECT_THAT(lines, testing::Contains(StartsWith("<6>info listening on 127.0.0.1:")));
  EXPECT_THAT(lines, testing::Contains(StartsWith("<4>warning limits.backlog is 1,000,000")));
}

TEST(Journal, GetsJsonBehindThePriority) {
  Journal journal;
  EXPECT_THAT(log_of_a_short_life({"log.format=json"}, journal.options(), journal),
              Each(MatchesRegex("<[0-9]>\\{\"time\":\"[^ ]*\",\"level\":\"[a-z]+\",\"message\":.*\\}")));
}

TEST(Journal, IsNotTakenForOneWhereStderrIsSomethingElse) {
  Journal journal;
  Process::Options options = journal.options();
  options.environment["JOURNAL_STREAM"] += "0";
  EXPECT_THAT(log_of_a_short_life({}, options, journal), Each(MatchesRegex("[0-9]+-.*Z info .*")));
}

TEST(Journal, IsNotMeantWhereTheLogIsAFile) {
  Journal journal;
  const TempDir dir;
  EXPECT_THAT(log_of_a_short_life({"log.file=" + dir.file("log")}, journal.options(), journal), ElementsAre());
  EXPECT_THAT(lines_of(read_file(dir.file("log"))), Each(MatchesRegex("[0-9]+-.*Z info .*")));
}

TEST(Journal, GetsAPriorityForWhatKeepsTheDaemonFromStarting) {
  const TempDir dir;
  Journal wrong;
  const std::string path = dir.write("weir.yaml", "wokers: 1\nrelay: {splice: maybe}\n");
  EXPECT_EQ(run("weir", {"run", path}, wrong.options()).exit, 2);
  EXPECT_THAT(wrong.lines(), Each(StartsWith("<3>" + path + ":")));
  Journal missing;
  EXPECT_EQ(run("weir", {"echo", "127.0.0.1:0", "--set", "log.file=" + dir.file("a/log")}, missing.options()).exit, 1);
  EXPECT_THAT(missing.lines(), ElementsAre(StartsWith("<2>weir: cannot open ")));
}

}  // namespace
}  // namespace weir::test
