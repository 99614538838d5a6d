#include <gmock/gmock.h>

#include <csignal>
#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/private_network.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

/// `weir healthcheck` without a TARGET, in a network of the test's own, so that the daemons of other tests are not
/// meant.
namespace weir::test {
namespace {

using ::testing::HasSubstr;

class Healthcheck : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_.usable()) GTEST_SKIP() << network_.why_not();
  }

  /// A daemon whose drain is announced for long: it listens on, but is not ready.
  Daemon start(const std::string& more) const {
    return Daemon::with_config(echo_config() + "drain_announce: 1h\n" + more, {.network = &network_});
  }
  Finished check() const { return run("weir", {"healthcheck"}, {.network = &network_}); }
  /// Empty while the daemon is well.
  std::string reason() const {
    const Finished finished = check();
    EXPECT_EQ(finished.exit, finished.err.empty() ? 0 : 1);
    return finished.err;
  }
  void expect_to_ask(const Daemon& daemon) const {
    EXPECT_EQ(reason(), "");
    daemon.drain();
    EXPECT_TRUE(wait_until([&] { return !reason().empty(); }));
    EXPECT_THAT(reason(), HasSubstr("GET /readyz was answered with status 503"));
  }

  PrivateNetwork network_{40'000, 50'000};
  const TempDir folder_;
};

TEST_F(Healthcheck, AsksTheAdminEndpoint) { expect_to_ask(start("admin: {bind: '127.0.0.1:9900'}\n")); }

TEST_F(Healthcheck, AsksAnAdminEndpointOfEveryAddress) { expect_to_ask(start("admin: {bind: ':9900'}\n")); }

TEST_F(Healthcheck, AsksAnAdminEndpointThatIsKnownByName) { expect_to_ask(start("admin: {bind: 'localhost:9900'}\n")); }

TEST_F(Healthcheck, AsksAnAdminEndpointOnAUnixSocket) {
  expect_to_ask(start("admin: {bind: 'unix:" + folder_.file("admin socket") + "'}\n"));
}

TEST_F(Healthcheck, AsksAnAdminEndpointOnAnAbstractSocket) {
  expect_to_ask(start("admin: {bind: 'unix:@" + folder_.file("admin") + "'}\n"));
}

TEST_F(Healthcheck, AsksNobodyWhereOnlyThePortIsThatOfTheAdminEndpoint) {
  const Daemon daemon = Daemon::with_config("listeners: [{name: e, bind: '127.0.0.1:9900', echo: {}}]\n" +
                                                std::string("admin: {bind: 'unix:@") + folder_.file("admin") + "'}\n",
                                            {.network = &network_});
  // What the file says now is not what the daemon has open.
  daemon.rewrite_config("listeners: [{name: e, bind: '127.0.0.1:9901', echo: {}}]\nadmin: {bind: '127.0.0.2:9900'}\n");
  EXPECT_EQ(reason(), "") << "nobody listens at 127.0.0.2:9900";
  EXPECT_EQ(daemon.records().size(), 0U);
}

TEST_F(Healthcheck, IsAboutTheDaemonOfThisNetwork) {
  EXPECT_THAT(reason(), HasSubstr("no weir serves here"));
  PrivateNetwork other(40'000, 50'000);
  const Daemon elsewhere = Daemon::with_config(echo_config(), {.network = &other});
  EXPECT_THAT(reason(), HasSubstr("no weir serves here"));
  const Daemon here = start("");
  EXPECT_EQ(reason(), "");
  const Daemon second = start("");
  EXPECT_THAT(reason(), HasSubstr("2 weirs serve here; name a TARGET"));
}

}  // namespace
}  // namespace weir::test
