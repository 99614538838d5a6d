#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"

/// Who may connect to a unix socket.
namespace weir::test {
namespace {

using ::testing::HasSubstr;

std::string echo_at(const std::string& file, const std::string& entries = "") {
  return "listeners: [{name: echo, bind: 'unix:" + file + "', echo: {}" + with(entries) + "}]\n";
}

struct stat status_of(const std::string& file) {
  struct stat status{};
  EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
  return status;
}

TEST(UnixPermissions, FileHasTheModeThatIsAskedFor) {
  const TempDir dir;
  for (const mode_t mode : {0600u, 0666u, 0777u}) {
    const std::string file = dir.file(std::to_string(mode));
    char text[8];
    std::snprintf(text, sizeof text, "%04o", mode);
    Daemon daemon = Daemon::with_config(echo_at(file, "unix: {mode: '" + std::string(text) + "'}"));
    EXPECT_EQ(status_of(file).st_mode & 07777, mode);
    EXPECT_EQ(Peer::connect(Endpoint::unix_path(file)).exchange("x").bytes, "x");
  }
}

TEST(UnixPermissions, OwnerAndGroupMayConnectWhereNothingIsSaid) {
  const TempDir dir;
  Daemon daemon = Daemon::with_config(echo_at(dir.file("echo.sock")));
  const struct stat status = status_of(dir.file("echo.sock"));
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  EXPECT_EQ(status.st_uid, ::geteuid());
}

TEST(UnixPermissions, FileIsGivenToItsOwnerAndGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  const TempDir dir;
  Daemon daemon = Daemon::with_config(echo_at(dir.file("echo.sock"), "unix: {owner: daemon, group: '4711'}"));
  const struct stat status = status_of(dir.file("echo.sock"));
  EXPECT_EQ(status.st_uid, 1u);
  EXPECT_EQ(status.st_gid, 4711u);
}

TEST(UnixPermissions, OwnerThatMayNotBeGivenKeepsTheDaemonFromStartingAndLeavesNoFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may start the daemon as somebody else";
  const TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
  const std::string bind = "unix:" + dir.file("echo.sock");
  Process::Options stranger;
  stranger.user = 12345;
  const Finished finished = run("weir", {"echo", bind, "--set", "listeners.echo.unix={owner: root}"}, stranger);
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr("cannot give " + bind + " to user root: Operation not permitted"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("echo.sock")));
}

TEST(UnixPermissions, WhatIsNoSocketIsNeverRemoved) {
  const TempDir dir;
  const std::string file = dir.file("notes");
  std::ofstream(file) << "dear to somebody";
  const std::string link = dir.file("link");
  std::filesystem::create_symlink(file, link);
  for (const std::string& path : std::vector<std::string>{file, link, dir.path()}) {
    const Finished finished = run("weir", {"echo", "unix:" + path});
    EXPECT_EQ(finished.exit, 1);
    EXPECT_THAT(finished.err, HasSubstr("cannot listen on unix:" + path + ": something that is no socket is there"));
  }
  std::ostringstream kept;
  kept << std::ifstream(file).rdbuf();
  EXPECT_EQ(kept.str(), "dear to somebody");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST(UnixPermissions, FileThatTookTheSocketsPlaceIsNotRemoved) {
  const TempDir dir;
  const std::string file = dir.file("echo.sock");
  Daemon daemon = Daemon::with_config(echo_at(file));
  std::filesystem::remove(file);
  std::ofstream(file) << "somebody else's";
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_TRUE(std::filesystem::is_regular_file(file));
}

}  // namespace
}  // namespace weir::test
