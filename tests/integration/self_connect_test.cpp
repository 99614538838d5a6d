#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/private_network.hpp"

/// A dead server on this machine, whose port is one of those that connections come from: the kernel connects whoever
/// calls it often enough to themselves.
namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint16_t kPort = 40'000;

class SelfConnect : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!network_.usable()) GTEST_SKIP() << network_.why_not();
    if (server_.starts_with('[') && !ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  }

  /// To call it and to be called are two things, for each of which there are ports from now on.
  void give_it_its_port_back() { network_.set_local_ports(kPort + 1, kPort + 1000); }

  /// A proxy before the server. Its clients come by a unix socket, because they are in another network.
  Daemon proxy(const std::string& upstream) {
    return Daemon::with_config("listeners: [{name: front, bind: 'unix:" + dir_.file("front.sock") +
                                   "', proxy: {upstream: back}}]\nupstreams: [{name: back, servers: [{address: '" +
                                   server_ + "'}], " + upstream + "}]\n",
                               inside());
  }
  Process::Options inside() const { return {.network = &network_}; }
  Finished run_inside(const std::string& program, const std::vector<std::string>& arguments) const {
    return run(program, arguments, inside());
  }

  const std::string server_ = GetParam();
  const TempDir dir_;
  PrivateNetwork network_{kPort, kPort};  // there is but the server's port to come from
};

TEST_P(SelfConnect, IsARefusalToASessionAndHoldsNoPort) {
  Daemon daemon = proxy("connect: {attempts: 2, delay: 10ms}");
  EXPECT_EQ(daemon.connect().exchange("hello").bytes, "");
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "connect_failed");
  EXPECT_EQ(record.attempts(), 2);
  daemon.process().wait_for_error_line("cannot connect to .*: Connection refused");

  give_it_its_port_back();
  Process server("weir", {"echo", server_, "--set", "workers=1"}, inside());
  server.wait_for_error_line(R"(\bready\b)");
  EXPECT_EQ(daemon.connect().exchange("hello").bytes, "hello");
}

TEST_P(SelfConnect, IsARefusalToAHealthCheck) {
  Daemon daemon = proxy("health: {interval: 20ms, timeout: 1h}");
  daemon.process().wait_for_error_line("is (up|down)");
  EXPECT_THAT(daemon.process().err(), HasSubstr(server_ + " is down: connect: Connection refused"));
}

TEST_P(SelfConnect, IsARefusalToTheHealthcheckCommand) {
  const Finished finished = run_inside("weir", {"healthcheck", server_});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr("Connection refused"));
}

TEST_P(SelfConnect, IsARefusalToTheLoadGenerator) {
  for (const std::string workload : {"echo", "connect"}) {
    const Finished finished = run_inside("weir-load", {workload, "--quiet", "-c", "1", "-n", "3", server_});
    EXPECT_EQ(finished.exit, 1) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("connection refused")) << workload;
    EXPECT_THAT(finished.out, Not(HasSubstr("1 of 1 reached"))) << workload;
  }
}

TEST_P(SelfConnect, IsARefusalToAChat) {
  const Finished finished = run_inside("weir-load", {"chat", server_});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr("Connection refused"));
}

std::string family_of(const ::testing::TestParamInfo<const char*>& address) {
  return address.param[0] == '[' ? "IPv6" : "IPv4";
}

INSTANTIATE_TEST_SUITE_P(Of, SelfConnect, ::testing::Values("127.0.0.1:40000", "[::1]:40000"), family_of);

}  // namespace
}  // namespace weir::test
