#include "server/listener/listening_socket.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/support/fake_backend.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

ListenerConfig listener_on(const std::string& bind) {
  ListenerConfig config;
  config.name = "test";
  config.bind = {parse_address(bind, AddressUse::bind, Ports::range)};
  return config;
}

int tcp_option(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, IPPROTO_TCP, option, &value, &length);
  return value;
}

TEST(ListeningSocket, HasItsTcpOptionsForEachWorker) {
  ListenerConfig config = listener_on("127.0.0.1:0");
  config.tcp.user_timeout = std::chrono::milliseconds(1234);
  config.tcp.fast_open = 7;
  const std::vector<ListeningSocket> sockets = open_listening_sockets(config, 16, 2);
  for (const std::size_t worker : {0u, 1u}) {
    EXPECT_EQ(tcp_option(sockets.at(0).descriptor(worker), TCP_USER_TIMEOUT), 1234);
    EXPECT_EQ(tcp_option(sockets.at(0).descriptor(worker), TCP_FASTOPEN), 7);
  }
}

TEST(ListeningSocket, FastOpenIsOffWhereItIsNotAskedFor) {
  const std::vector<ListeningSocket> sockets = open_listening_sockets(listener_on("127.0.0.1:0"), 16, 1);
  EXPECT_EQ(tcp_option(sockets.at(0).descriptor(0), TCP_FASTOPEN), 0);
}

TEST(ListeningSocket, EachPortOfARangeKnowsItsPlace) {
  const test::FreePorts ports(3);
  const std::vector<ListeningSocket> sockets = open_listening_sockets(listener_on(ports.range()), 16, 2);
  ASSERT_EQ(sockets.size(), 3u);
  for (std::uint16_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sockets[i].port_offset(), i);
    EXPECT_EQ(sockets[i].endpoint().port(), ports.at(i));
    EXPECT_EQ(sockets[i].name(), ports.range());
  }
}

std::vector<io::Descriptor> copies_of(const ListeningSocket& socket, std::size_t workers) {
  std::vector<io::Descriptor> copies;
  for (std::size_t i = 0; i < workers; ++i) copies.emplace_back(::dup(socket.descriptor(i)));
  return copies;
}

TEST(ListeningSocket, AdoptsAGroupThatListensAlready) {
  std::vector<ListeningSocket> bound = open_listening_sockets(listener_on("127.0.0.1:0"), 16, 3);
  const ListeningSocket adopted = ListeningSocket::adopt(copies_of(bound[0], 3));
  const Endpoint endpoint = bound[0].endpoint();
  bound.clear();
  EXPECT_EQ(adopted.endpoint(), endpoint);
  EXPECT_FALSE(adopted.shared());
  EXPECT_EQ(adopted.name(), endpoint.to_string());
  EXPECT_NO_THROW(test::Peer::connect(endpoint)) << "it still listens, though who bound it has gone";
}

TEST(ListeningSocket, AdoptsOneSocketForAllWorkers) {
  const std::vector<ListeningSocket> bound = open_listening_sockets(listener_on("127.0.0.1:0"), 16, 1);
  const ListeningSocket adopted = ListeningSocket::adopt(copies_of(bound[0], 1));
  EXPECT_TRUE(adopted.shared());
  EXPECT_EQ(adopted.descriptor(0), adopted.descriptor(7));
}

TEST(ListeningSocket, AnAdoptedSocketNeitherBlocksNorLeaksIntoPrograms) {
  const test::TestListener blocking;
  std::vector<io::Descriptor> copy;
  copy.emplace_back(::dup(blocking.fd()));
  const ListeningSocket adopted = ListeningSocket::adopt(std::move(copy));
  EXPECT_NE(::fcntl(adopted.descriptor(0), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(adopted.descriptor(0), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ListeningSocket, AdoptsItsPlaceInARange) {
  const test::FreePorts ports(3);
  const std::vector<ListeningSocket> bound = open_listening_sockets(listener_on(ports.range()), 16, 1);
  const ListeningSocket adopted = ListeningSocket::adopt(copies_of(bound[2], 1), bound[2].place());
  EXPECT_EQ(adopted.port_offset(), 2);
  EXPECT_EQ(adopted.name(), ports.range());
}

TEST(ListeningSocket, AnAdoptedUnixSocketTakesItsFileAlong) {
  const test::TempDir dir;
  const std::string path = dir.file("adopted.sock");
  const Endpoint endpoint = resolve(parse_address("unix:" + path, AddressUse::bind), AddressUse::bind).at(0);
  std::vector<io::Descriptor> made;
  made.emplace_back(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(made[0].get(), endpoint.data(), endpoint.size()), 0);
  ASSERT_EQ(::listen(made[0].get(), 4), 0);
  {
    ListeningSocket adopted = ListeningSocket::adopt(std::move(made));
    adopted.own_file();
    EXPECT_TRUE(adopted.shared());
    EXPECT_EQ(adopted.endpoint(), endpoint);
    EXPECT_NO_THROW(test::Peer::connect(endpoint));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListeningSocket, AdoptsNothingThatDoesNotListen) {
  const auto adopt = [](int fd) {
    std::vector<io::Descriptor> sockets;
    sockets.emplace_back(fd);
    return ListeningSocket::adopt(std::move(sockets));
  };
  EXPECT_THROW(adopt(::socket(AF_INET, SOCK_STREAM, 0)), std::runtime_error);
  EXPECT_THROW(adopt(::socket(AF_INET, SOCK_DGRAM, 0)), std::runtime_error);
  EXPECT_THROW(adopt(::open("/dev/null", O_RDONLY)), std::system_error);
  EXPECT_THROW(ListeningSocket::adopt({}), std::runtime_error);
}

TEST(ListeningSocket, AdoptsNoGroupWhoseSocketsListenOnDifferentEndpoints) {
  const std::vector<ListeningSocket> one = open_listening_sockets(listener_on("127.0.0.1:0"), 16, 1);
  const std::vector<ListeningSocket> other = open_listening_sockets(listener_on("127.0.0.1:0"), 16, 1);
  std::vector<io::Descriptor> mixed = copies_of(one[0], 1);
  mixed.emplace_back(::dup(other[0].descriptor(0)));
  EXPECT_THROW(ListeningSocket::adopt(std::move(mixed)), std::runtime_error);
}

class ListeningSocketOn : public testing::TestWithParam<const char*> {};

TEST_P(ListeningSocketOn, RefusesNewcomersAndKeepsWhoIsQueued) {
  const test::TempDir dir;
  const std::string bind = *GetParam() == '\0' ? "unix:" + dir.file("socket") : GetParam();
  const ListenerConfig config = listener_on(bind);
  const std::vector<ListeningSocket> sockets = open_listening_sockets(config, 16, 2);
  const Endpoint target = test::endpoint_of(sockets.at(0).endpoint().to_string());
  const test::Peer queued = test::Peer::connect(target);
  ASSERT_TRUE(sockets.at(0).refuse_newcomers());
  try {
    test::Peer::connect(target);
    FAIL() << "was not refused";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ECONNREFUSED);
  }
  int accepted = 0;
  int denied = 0;
  for (const std::size_t worker : {0u, 1u}) {
    const io::Descriptor socket(::accept4(sockets.at(0).descriptor(worker), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) {
      ++accepted;
    } else {
      EXPECT_EQ(errno, EAGAIN);
      ++denied;
    }
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(denied, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, ListeningSocketOn, testing::Values("127.0.0.1:0", "[::1]:0", ":0", ""));

}  // namespace
}  // namespace weir
