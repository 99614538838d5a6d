#include "server/listening_sockets.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "common/io/descriptor.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
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

std::vector<std::string> names_of(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> names;
  for (const Endpoint& endpoint : endpoints) names.push_back(endpoint.to_string());
  return names;
}

TEST_F(ListeningSocketsTest, AreThoseOfTheProcessAloneThatListen) {
  write("tcp",
        tcp("0100007F:1B58", "0A", "4711") + tcp("0100007F:26AC", "0A", "9999") + tcp("0100007F:1B59", "01", "4712"));
  EXPECT_THAT(names_of(listening_sockets_of(process_)), ElementsAre("127.0.0.1:7000"))
      << "9900 is another's, and 7001 is connected";
}

TEST_F(ListeningSocketsTest, MayBeOfEitherFamily) {
  write("tcp", tcp("00000000:1B58", "0A", "4711"));
  write("tcp6", tcp("B80D0120000000000000000001000000:1B59", "0A", "4712"));
  EXPECT_THAT(names_of(listening_sockets_of(process_)), ElementsAre("0.0.0.0:7000", "[2001:db8::1]:7001"));
}

TEST_F(ListeningSocketsTest, UnixSocketsCountWhereTheyListen) {
  write("unix",
        "ffff: 00000002 00000000 00000000 0001 01 4711 /tmp/not-listening\n"
        "ffff: 00000002 00000000 00010000 0001 01 9999 /tmp/of-another\n");
  EXPECT_THAT(listening_sockets_of(process_), IsEmpty());
  write("unix",
        "ffff: 00000002 00000000 00010000 0001 01 4711 @a name\n"
        "ffff: 00000002 00000000 00010000 0001 01 4712 /tmp/a name.sock\n");
  EXPECT_THAT(listening_sockets_of(process_),
              ElementsAre(Endpoint::unix_abstract("a name"), Endpoint::unix_path("/tmp/a name.sock")));
}

TEST_F(ListeningSocketsTest, OfTextThatIsNoAddressAreLeftOut) {
  write("tcp", tcp("0100007F", "0A", "4711") + tcp("010000:1B58", "0A", "4711") + tcp("0100zz7F:1B58", "0A", "4712"));
  write("unix", "ffff: 00000002 00000000 00010000 0001 01 4711 /" + std::string(200, 'a') + "\n");
  EXPECT_THAT(listening_sockets_of(process_), ElementsAre(Endpoint::unix_path("")));
}

TEST_F(ListeningSocketsTest, OfAProcessThatHasGoneAreAnError) {
  EXPECT_THROW(listening_sockets_of(process_.parent_path() / "8"), std::system_error);
}

/// Listens on a unix socket while it lives.
class UnixListener {
 public:
  explicit UnixListener(const Endpoint& at) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::bind(socket_.get(), at.data(), at.size()), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
  }

 private:
  const io::Descriptor socket_;
};

TEST(ListeningSockets, OfThisProcessAreItsOwn) {
  const test::TempDir folder;
  const Endpoint path = Endpoint::unix_path(folder.file("a socket"));
  const Endpoint abstract = Endpoint::unix_abstract(folder.file("abstract"));
  const UnixListener by_path(path);
  const UnixListener by_name(abstract);
  test::TestListener listener;
  const std::string address = listener.address();
  const fs::path self = fs::path("/proc") / std::to_string(::getpid());
  EXPECT_THAT(names_of(listening_sockets_of(self)), IsSupersetOf({address, path.to_string(), abstract.to_string()}));
  EXPECT_THAT(listening_sockets_of(self), IsSupersetOf({path, abstract}));
  listener.close();
  EXPECT_THAT(names_of(listening_sockets_of(self)), Not(Contains(address)));
}

}  // namespace
}  // namespace weir
