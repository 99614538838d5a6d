#include "common/io/self_connect.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "common/io/stream.hpp"

namespace weir::io {
namespace {

class SelfConnect : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (here_.family() == AF_INET6 && !ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
    ASSERT_EQ(::bind(socket_.get(), here_.data(), here_.size()), 0);
    here_ = local_endpoint(socket_.get());
  }

  Endpoint here_ = ip_endpoint(GetParam());
  Descriptor socket_{::socket(here_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_P(SelfConnect, IsARefusalThatHoldsThePortNoLonger) {
  ASSERT_EQ(connect_socket(socket_.get(), here_), 0);
  EXPECT_EQ(refuse_self_connect(socket_.get(), here_), ECONNREFUSED);
  socket_.close();
  const Descriptor server(::socket(here_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(server.get(), here_.data(), here_.size()), 0) << errno;
}

TEST_P(SelfConnect, AnyAddressIsThisMachine) {
  Endpoint any = ip_endpoint(here_.family() == AF_INET ? "0.0.0.0" : "::");
  any.set_port(here_.port());
  ASSERT_EQ(connect_socket(socket_.get(), any), 0);
  EXPECT_EQ(refuse_self_connect(socket_.get(), any), ECONNREFUSED);
}

TEST_P(SelfConnect, ConnectionToAnotherSocketIsNone) {
  ASSERT_EQ(::listen(socket_.get(), 1), 0);
  const Descriptor other(::socket(here_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect_socket(other.get(), here_), 0);
  EXPECT_EQ(refuse_self_connect(other.get(), here_), 0);
}

std::string family_of(const ::testing::TestParamInfo<const char*>& address) {
  return address.index == 0 ? "IPv4" : "IPv6";
}

INSTANTIATE_TEST_SUITE_P(Of, SelfConnect, ::testing::Values("127.0.0.1", "::1"), family_of);

TEST(SelfConnectFromElsewhere, SamePortOfAnotherAddressIsNone) {
  const Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Endpoint any = ip_endpoint("127.0.0.2");
  ASSERT_EQ(::bind(server.get(), any.data(), any.size()), 0);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  const Endpoint target = local_endpoint(server.get());
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Endpoint source = ip_endpoint("127.0.0.1");
  source.set_port(target.port());
  if (::bind(socket.get(), source.data(), source.size()) != 0) GTEST_SKIP() << "the port is taken there";
  ASSERT_EQ(connect_socket(socket.get(), target), 0);
  EXPECT_EQ(refuse_self_connect(socket.get(), target), 0);
}

}  // namespace
}  // namespace weir::io
