#include "server/listening_sockets.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "tests/support/fake_backend.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

/// A process as proc(5) shows it, with two sockets and a file.
class ListeningSocketsTest : public ::testing::Test {
 protected:
  ListeningSocketsTest() {
    fs::create_directories(process_ / "fd");
    fs::create_directories(process_ / "net");
    fs::create_symlink("socket:[4711]", process_ / "fd/3");
    fs::create_symlink("socket:[4712]", process_ / "fd/4");
    fs::create_symlink("/var/log/weir/access.log", process_ / "fd/5");
  }

  void write(const std::string& table, const std::string& lines) {
    std::ofstream(process_ / "net" / table) << "  a line of headings\n" << lines;
  }

  test::TempDir folder_;
  const fs::path process_ = fs::path(folder_.path()) / "7";
};

std::string tcp(const std::string& local, const std::string& state, const std::string& inode) {
  return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000 10001        0 " +
         inode + " 1 0000000000000000 100 0 0 10 0\n";
}

TEST_F(ListeningSocketsTest, AreThoseOfTheProcessAloneThatListen) {
  write("tcp",
        tcp("0100007F:1B58", "0A", "4711") + tcp("0100007F:26AC", "0A", "9999") + tcp("0100007F:1B59", "01", "4712"));
  const ListeningSockets found = listening_sockets_of(process_);
  EXPECT_THAT(found.ports, ElementsAre(7000)) << "9900 is another's, and 7001 is connected";
  EXPECT_FALSE(found.unix_sockets);
  EXPECT_FALSE(found.empty());
}

TEST_F(ListeningSocketsTest, MayBeOfEitherFamily) {
  write("tcp", tcp("00000000:1B58", "0A", "4711"));
  write("tcp6", tcp("00000000000000000000000000000000:1B59", "0A", "4712"));
  EXPECT_THAT(listening_sockets_of(process_).ports, ElementsAre(7000, 7001));
}

TEST_F(ListeningSocketsTest, UnixSocketsCountWhereTheyListen) {
  write("unix",
        "ffff: 00000002 00000000 00000000 0001 01 4711 /tmp/not-listening\n"
        "ffff: 00000002 00000000 00010000 0001 01 9999 /tmp/of-another\n");
  EXPECT_TRUE(listening_sockets_of(process_).empty());
  write("unix", "ffff: 00000002 00000000 00010000 0001 01 4712 /tmp/a name.sock\n");
  EXPECT_TRUE(listening_sockets_of(process_).unix_sockets);
}

TEST_F(ListeningSocketsTest, OfAProcessThatHasGoneAreAnError) {
  EXPECT_THROW(listening_sockets_of(process_.parent_path() / "8"), std::system_error);
}

TEST(ListeningSockets, OfThisProcessAreItsOwn) {
  test::TestListener listener;
  const std::string address = listener.address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  const fs::path self = fs::path("/proc") / std::to_string(::getpid());
  EXPECT_THAT(listening_sockets_of(self).ports, Contains(port));
  listener.close();
  EXPECT_THAT(listening_sockets_of(self).ports, Not(Contains(port)));
}

}  // namespace
}  // namespace weir
