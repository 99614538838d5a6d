#include "client/report/output_file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

constexpr uid_t kSomebody = 65534;

/// Does it in a process of its own, which may give away what this one has to keep. Returns its exit status; 0 where
/// nothing failed there.
int apart(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      action();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool are_we_root() { return ::geteuid() == 0; }

void be_somebody() {
  if (!are_we_root()) return;
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  ASSERT_EQ(::setresgid(kSomebody, kSomebody, kSomebody), 0);
  ASSERT_EQ(::setresuid(kSomebody, kSomebody, kSomebody), 0);
}

/// Gives it to whom be_somebody() makes of us.
void give_to_somebody(const std::filesystem::path& name) {
  if (are_we_root()) {
    ASSERT_EQ(::chown(name.c_str(), kSomebody, kSomebody), 0);
  }
}

bool may_mount() {
  return apart([] { ::_exit(::unshare(CLONE_NEWNS) == 0 ? 0 : 1); }) == 0;
}

/// What `docker run -v SOURCE:NAME` does; in a process of its own.
void mount_over(const std::string& source, const std::string& name) {
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(::mount(source.c_str(), name.c_str(), nullptr, MS_BIND, nullptr), 0);
}

TEST(OutputFile, KeepsWhatTheFileHeldUntilItIsWritten) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older and longer report\n");
  OutputFile file(name);
  EXPECT_TRUE(file.is_wanted());
  EXPECT_FALSE(file.is_stdout());
  EXPECT_EQ(test::read_file(name), "an older and longer report\n");
  file.write("new\n");
  EXPECT_EQ(test::read_file(name), "new\n");
}

TEST(OutputFile, EachWriteReplacesTheOneBefore) {
  const test::TempDir folder;
  OutputFile file(folder.file("report.json"));
  file.write("first and longer\n");
  file.write("second\n");
  EXPECT_EQ(test::read_file(folder.file("report.json")), "second\n");
}

TEST(OutputFile, IsMadeWhenItIsWrittenAndNotBefore) {
  const test::TempDir folder;
  OutputFile file(folder.file("report.json"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("report.json"))) << "a run that fails would leave it empty";
  const std::string large(3'000'000, 'x');
  file.write(large);
  EXPECT_TRUE(test::read_file(folder.file("report.json")) == large);
  EXPECT_EQ(files_in(folder.path()), 1) << "nothing is left beside it";
}

TEST(OutputFile, WhoReadsTheOldOneMeanwhileReadsItWhole) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "the older report\n");
  std::ifstream reader(name);
  OutputFile(name).write("new\n");
  std::string line;
  std::getline(reader, line);
  EXPECT_EQ(line, "the older report");
  EXPECT_EQ(test::read_file(name), "new\n");
}

TEST(OutputFile, KeepsTheModeOfTheFileThatItReplaces) {
  namespace fs = std::filesystem;
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write);
  OutputFile(name).write("new");
  EXPECT_EQ(fs::status(name).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(OutputFile, ALinkStaysOneAndWhereItLeadsIsWritten) {
  namespace fs = std::filesystem;
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  const std::string link = folder.file("link");
  fs::create_symlink("report.json", link);
  OutputFile(link).write("new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(test::read_file(name), "new");
  const std::string nowhere = folder.file("nowhere");
  fs::create_symlink("later.json", nowhere);
  OutputFile(nowhere).write("new");
  EXPECT_TRUE(fs::is_symlink(nowhere));
  EXPECT_EQ(test::read_file(folder.file("later.json")), "new");
}

TEST(OutputFile, AFileOfTwoNamesIsWrittenUnderBoth) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  std::filesystem::create_hard_link(name, folder.file("other"));
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(folder.file("other")), "new");
}

TEST(OutputFile, AMountedFileIsWrittenWhereItIs) {
  if (!may_mount()) GTEST_SKIP() << "we may not mount";
  const test::TempDir folder;
  const std::string source = folder.write("source.json", "an older and longer report\n");
  const std::string name = folder.write("report.json", "");
  EXPECT_EQ(apart([&] {
              mount_over(source, name);
              OutputFile(name).write("new\n");
              EXPECT_EQ(test::read_file(name), "new\n");
            }),
            0);
  EXPECT_EQ(test::read_file(source), "new\n");
  EXPECT_EQ(test::read_file(name), "");
  EXPECT_EQ(files_in(folder.path()), 2) << "nothing is left beside it";
}

TEST(OutputFile, ALinkToAMountedFileStaysOne) {
  if (!may_mount()) GTEST_SKIP() << "we may not mount";
  const test::TempDir folder;
  const std::string source = folder.write("source.json", "old");
  const std::string name = folder.write("report.json", "");
  const std::string link = folder.file("link");
  std::filesystem::create_symlink("report.json", link);
  EXPECT_EQ(apart([&] {
              mount_over(source, name);
              OutputFile(link).write("new");
            }),
            0);
  EXPECT_EQ(test::read_file(source), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST(OutputFile, AFileMountedDuringTheRunIsWrittenWhereItIs) {
  if (!may_mount()) GTEST_SKIP() << "we may not mount";
  const test::TempDir folder;
  const std::string source = folder.write("source.json", "an older and longer report\n");
  const std::string name = folder.write("report.json", "");
  EXPECT_EQ(apart([&] {
              OutputFile file(name);
              mount_over(source, name);
              file.write("new\n");
            }),
            0);
  EXPECT_EQ(test::read_file(source), "new\n");
  EXPECT_EQ(files_in(folder.path()), 2) << "nothing is left beside it";
}

TEST(OutputFile, AFileInAFolderThatTakesNoOtherIsWrittenWhereItIs) {
  namespace fs = std::filesystem;
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older and longer report\n");
  give_to_somebody(name);
  fs::permissions(folder.path(), fs::perms(0555));
  EXPECT_EQ(apart([&] {
              be_somebody();
              OutputFile(name).write("new\n");
            }),
            0);
  fs::permissions(folder.path(), fs::perms(0755));
  EXPECT_EQ(test::read_file(name), "new\n");
}

TEST(OutputFile, AFolderThatTakesNoOtherFileAnyMoreLosesNoReport) {
  namespace fs = std::filesystem;
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older and longer report\n");
  give_to_somebody(name);
  give_to_somebody(folder.path());
  EXPECT_EQ(apart([&] {
              be_somebody();
              OutputFile file(name);
              fs::permissions(folder.path(), fs::perms(0555));
              file.write("new\n");
            }),
            0);
  fs::permissions(folder.path(), fs::perms(0755));
  EXPECT_EQ(test::read_file(name), "new\n");
}

TEST(OutputFile, APipeIsWrittenInto) {
  const test::TempDir folder;
  const std::string name = folder.file("pipe");
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  const io::Descriptor reader(::open(name.c_str(), O_RDONLY | O_NONBLOCK));
  OutputFile(name).write("text");
  char text[8];
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 4);
}

TEST(OutputFile, EmptyNameIsNoFileAndADashIsStdout) {
  EXPECT_FALSE(OutputFile("").is_wanted());
  EXPECT_TRUE(OutputFile("-").is_wanted());
  EXPECT_TRUE(OutputFile("-").is_stdout());
  EXPECT_TRUE(OutputFile("/dev/stdout").is_stdout());
}

TEST(OutputFile, StdoutIsWrittenWhateverItIs) {
  const test::TempDir folder;
  const std::string name = folder.write("out", "");
  for (const char* stdout_itself : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    EXPECT_EQ(apart([&] {
                const io::Descriptor out(::open(name.c_str(), O_WRONLY | O_APPEND));
                ASSERT_EQ(::dup2(out.get(), STDOUT_FILENO), STDOUT_FILENO);
                OutputFile(stdout_itself).write("text\n");
              }),
              0);
  }
  EXPECT_EQ(test::read_file(name), "text\ntext\ntext\ntext\n");
}

TEST(OutputFile, PlaceThatCannotBeWrittenIsKnownAtOnce) {
  const test::TempDir folder;
  const std::string name = folder.file("no/such/folder.json");
  EXPECT_EQ(error_of([&name] { OutputFile file(name); }), "cannot write " + name + ": No such file or directory");
  const std::string itself = folder.path().string();
  EXPECT_EQ(error_of([&itself] { OutputFile file(itself); }), "cannot write " + itself + ": Is a directory");
}

TEST(OutputFile, FullDiskIsAnErrorThatNamesTheFile) {
  OutputFile file("/dev/full");
  EXPECT_EQ(error_of([&file] { file.write("text"); }), "cannot write /dev/full: No space left on device");
}

}  // namespace
}  // namespace weir::load
