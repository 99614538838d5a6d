#include "client/report/output_file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
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
constexpr gid_t kSomeGroup = 54321;

struct stat status_of(const std::string& name) {
  struct stat status{};
  EXPECT_EQ(::lstat(name.c_str(), &status), 0) << name;
  return status;
}

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

/// A list as linux/posix_acl_xattr.h has it: the owner reads and writes, somebody reads, and nobody else.
std::string list_with_somebody() {
  std::string list("\x02\0\0\0", 4);
  const auto entry = [&list](std::uint16_t tag, std::uint16_t may, std::uint32_t who) {
    for (const std::uint16_t part :
         {tag, may, static_cast<std::uint16_t>(who), static_cast<std::uint16_t>(who >> 16)}) {
      list += static_cast<char>(part & 0xff);
      list += static_cast<char>(part >> 8);
    }
  };
  entry(0x01, 6, 0xffffffff);
  entry(0x02, 4, kSomebody);
  entry(0x04, 0, 0xffffffff);
  entry(0x10, 4, 0xffffffff);
  entry(0x20, 0, 0xffffffff);
  return list;
}

bool set_attribute(const std::filesystem::path& name, const char* attribute, const std::string& value) {
  return ::setxattr(name.c_str(), attribute, value.data(), value.size(), 0) == 0;
}

/// "none" where it has none.
std::string attribute_of(const std::string& name, const char* attribute) {
  std::array<char, 256> value{};
  const ssize_t size = ::getxattr(name.c_str(), attribute, value.data(), value.size());
  return size < 0 ? "none" : std::string(value.data(), static_cast<std::size_t>(size));
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

TEST(OutputFile, NamesThatSomebodyTookBeforehandHinderNothing) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  const struct stat before = status_of(name);
  for (int number = 0; number < 100; ++number) {
    folder.write(".weir-load." + std::to_string(::getpid()) + "." + std::to_string(number), "");
  }
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_NE(status_of(name).st_ino, before.st_ino) << "it is replaced all the same";
}

TEST(OutputFile, KeepsTheGroupOfTheFileThatItReplaces) {
  if (!are_we_root()) GTEST_SKIP() << "only root has other groups for sure";
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  ASSERT_EQ(::chown(name.c_str(), -1, kSomeGroup), 0);
  ASSERT_EQ(::chmod(name.c_str(), 0640), 0);
  const struct stat before = status_of(name);
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_EQ(status_of(name).st_gid, kSomeGroup);
  EXPECT_EQ(status_of(name).st_mode & 07777, 0640U);
  EXPECT_NE(status_of(name).st_ino, before.st_ino) << "it is replaced";
}

TEST(OutputFile, AFileOfAGroupThatIsNotOursIsWrittenWhereItIs) {
  if (!are_we_root()) GTEST_SKIP() << "only root makes such a file";
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  give_to_somebody(folder.path());
  ASSERT_EQ(::chown(name.c_str(), kSomebody, kSomeGroup), 0);
  EXPECT_EQ(apart([&] {
              be_somebody();
              OutputFile(name).write("new");
            }),
            0);
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_EQ(status_of(name).st_gid, kSomeGroup);
  EXPECT_EQ(files_in(folder.path()), 1) << "nothing is left beside it";
}

TEST(OutputFile, AFileOfAnotherOwnerStaysTheirs) {
  if (!are_we_root()) GTEST_SKIP() << "only root makes such a file";
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  give_to_somebody(name);
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_EQ(status_of(name).st_uid, kSomebody);
}

TEST(OutputFile, AnothersFileInAFolderOfEverybodyIsWritten) {
  if (!are_we_root()) GTEST_SKIP() << "only root makes such a file";
  const test::TempDir folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 01777), 0);
  const std::string name = folder.write("report.json", "an older one");
  ASSERT_EQ(::chown(name.c_str(), kSomebody, kSomebody), 0);
  ASSERT_EQ(::chown(folder.path().c_str(), kSomeGroup, kSomeGroup), 0);
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
}

TEST(OutputFile, KeepsTheAttributesOfTheFileThatWasThere) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  if (!set_attribute(name, "user.note", "kept")) GTEST_SKIP() << "files have no attributes here";
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_EQ(attribute_of(name, "user.note"), "kept");
}

TEST(OutputFile, KeepsTheAccessListOfTheFileThatWasThere) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  if (!set_attribute(name, "system.posix_acl_access", list_with_somebody())) GTEST_SKIP() << "files have no lists here";
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_EQ(attribute_of(name, "system.posix_acl_access"), list_with_somebody());
}

TEST(OutputFile, AFileTakesNoAccessListFromItsFolder) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  if (!set_attribute(folder.path(), "system.posix_acl_default", list_with_somebody())) {
    GTEST_SKIP() << "folders have no lists here";
  }
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(name), "new");
  EXPECT_EQ(attribute_of(name, "system.posix_acl_access"), "none");
  const std::string another = folder.file("another.json");
  OutputFile(another).write("new");
  EXPECT_EQ(attribute_of(another, "system.posix_acl_access"), list_with_somebody()) << "but for one that is new";
}

TEST(OutputFile, ANewFileHasTheModeThatTheUmaskLeaves) {
  const test::TempDir folder;
  const std::string name = folder.file("report.json");
  EXPECT_EQ(apart([&] {
              ::umask(027);
              OutputFile(name).write("new");
            }),
            0);
  EXPECT_EQ(status_of(name).st_mode & 07777, 0640U);
}

std::filesystem::path watched_folder;
mode_t modes_seen = 0;

TEST(OutputFile, WhatReplacesASecretIsOneWhileItIsWrittenAndGoesWhereThatFails) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  ASSERT_EQ(::chmod(name.c_str(), 0600), 0);
  EXPECT_EQ(apart([&] {
              ::umask(0);
              watched_folder = folder.path();
              // The kernel calls it in the middle of the writing.
              std::signal(SIGXFSZ, [](int) {
                for (const auto& entry : std::filesystem::directory_iterator(watched_folder))
                  modes_seen |= status_of(entry.path().string()).st_mode & 07777;
              });
              const rlimit limit{.rlim_cur = 100'000, .rlim_max = 100'000};
              ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
              OutputFile file(name);
              EXPECT_EQ(error_of([&file] { file.write(std::string(200'000, 'x')); }),
                        "cannot write " + name + ": File too large");
              EXPECT_EQ(modes_seen, 0600U);
            }),
            0);
  EXPECT_EQ(test::read_file(name), "old");
  EXPECT_EQ(files_in(folder.path()), 1) << "nothing is left beside it";
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
