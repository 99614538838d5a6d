#include "server/upgrade/program.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace weir::upgrade {
namespace {

using testing::HasSubstr;

Program program_of(std::vector<std::string> words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return Program::of(static_cast<int>(words.size()), pointers.data());
}

std::string write_script(const test::TempDir& dir, const std::string& name, const std::string& text) {
  const std::string path = dir.write(name, "#!/bin/sh\n" + text + "\n");
  ::chmod(path.c_str(), 0755);
  return path;
}

TEST(Program, IsWhereItWasStartedFrom) {
  EXPECT_EQ(program_of({"/usr/bin/weir", "run"}).path, "/usr/bin/weir");
  EXPECT_THAT(program_of({"/usr/bin/weir", "run"}).arguments, testing::ElementsAre("/usr/bin/weir", "run"));
  EXPECT_EQ(program_of({"./weir"}).path, (std::filesystem::current_path() / "./weir").string());
  EXPECT_EQ(program_of({"build/weir"}).path, (std::filesystem::current_path() / "build/weir").string());
  const std::string shell = program_of({"sh"}).path;
  EXPECT_TRUE(shell.starts_with("/") && shell.ends_with("/sh")) << shell;
  const std::string itself = std::filesystem::read_symlink("/proc/self/exe").string();
  EXPECT_EQ(program_of({}).path, itself);
  EXPECT_EQ(program_of({"no-program-has-this-name"}).path, itself);
}

TEST(Program, AFolderInThePathIsNoProgram) {
  const test::TempDir dir;
  std::filesystem::create_directories(dir.file("first/weir-by-name"));
  std::filesystem::create_directory(dir.file("second"));
  const std::string script = write_script(dir, "second/weir-by-name", "exit 0");
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (dir.file("first") + ":" + dir.file("second") + ":" + before).c_str(), 1);
  EXPECT_EQ(program_of({"weir-by-name"}).path, script);
  ::setenv("PATH", before.c_str(), 1);
}

TEST(Program, StartsWithItsArgumentsAndTheChannelAlone) {
  const test::TempDir dir;
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const io::Descriptor own(ends[0]);
  const io::Descriptor its(ends[1]);
  const io::Descriptor other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  Program program{write_script(dir, "program",
                               "ls /proc/$$/fd >" + dir.file("fds") + "; echo \"$0 $* $LISTEN_FDS$WATCHDOG_PID\" >&" +
                                   "$WEIR_UPGRADE_FD"),
                  {}};
  program.arguments = {program.path, "run", "a b"};
  const pid_t pid = program.start(its.get());
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("WATCHDOG_PID");
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  std::array<char, 4096> text{};
  const ssize_t count = ::recv(own.get(), text.data(), text.size(), MSG_DONTWAIT);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(text.data(), static_cast<std::size_t>(count)), program.path + " run a b \n");
  EXPECT_THAT(test::read_file(dir.file("fds")), testing::Not(HasSubstr("\n" + std::to_string(other.get()) + "\n")));
}

TEST(Program, OneThatIsNotThereIsAnErrorThatNamesIt) {
  const Program program{"/nowhere/weir", {"weir"}};
  EXPECT_THAT([&] { program.start(0); },
              testing::ThrowsMessage<std::system_error>(HasSubstr("cannot start /nowhere/weir: No such file")));
}

TEST(Program, TakesAChannelOnce) {
  EXPECT_FALSE(Program::take_channel());
  const int fd = ::open("/dev/null", O_RDONLY);
  ::setenv("WEIR_UPGRADE_FD", std::to_string(fd).c_str(), 1);
  const io::Descriptor channel = Program::take_channel();
  EXPECT_EQ(channel.get(), fd);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(std::getenv("WEIR_UPGRADE_FD"), nullptr);
  EXPECT_FALSE(Program::take_channel());
}

TEST(Program, TakesNothingThatIsNoChannel) {
  for (const char* value : {"", "x", "7x", "-1", "1", "99999"}) {
    ::setenv("WEIR_UPGRADE_FD", value, 1);
    EXPECT_FALSE(Program::take_channel()) << value;
  }
}

}  // namespace
}  // namespace weir::upgrade
