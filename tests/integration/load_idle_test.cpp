#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::Not;

Finished idle(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"idle", "--quiet"});
  return run("weir-load", std::move(arguments));
}

TEST(LoadIdle, FinIsTold) {
  FakeBackend server(closes_at_once());
  const Finished finished = idle({"-c", "20", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("20 of 20 established"));
  EXPECT_THAT(finished.out, HasSubstr("          20  closed (FIN)\n"));
  EXPECT_THAT(finished.out, HasSubstr("           0  still open\n"));
  EXPECT_THAT(finished.out, HasSubstr("Lifetimes    of the 20 that ended: min "));
  EXPECT_THAT(finished.out, HasSubstr("Ended        with the last connection"));
  EXPECT_EQ(finished.err, "");
}

TEST(LoadIdle, RstIsTold) {
  FakeBackend server([](Peer&) { return Leave::reset; });
  const Finished finished = idle({"-c", "5", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("           5  reset (RST)\n"));
}

TEST(LoadIdle, EachEndIsToldApartWithItsPort) {
  TestListener listener;
  Process process("weir-load", {"idle", "-c", "3", "-d", "2s", "--json", "-", listener.address()});
  Peer closed = listener.accept();
  Peer reset = listener.accept();
  Peer held = listener.accept();
  process.wait_for_error_line("3 of 3 open");
  const std::uint16_t closed_port = remote_endpoint(closed.fd()).port();
  const std::uint16_t reset_port = remote_endpoint(reset.fd()).port();
  closed.close();
  reset.reset();
  ASSERT_EQ(process.wait_exit(), 0);
  const auto report = boost::json::parse(process.out()).as_object();
  EXPECT_EQ(report.at("workload"), "idle");
  EXPECT_EQ(report.at("ended_by"), "duration");
  EXPECT_EQ(report.at("ends").at("fin").to_number<int>(), 1);
  EXPECT_EQ(report.at("ends").at("rst").to_number<int>(), 1);
  EXPECT_EQ(report.at("ends").at("open").to_number<int>(), 1);
  ASSERT_EQ(report.at("ended").as_array().size(), 2U);
  for (const auto& each : report.at("ended").as_array()) {
    EXPECT_EQ(each.at("local_port").to_number<std::uint16_t>(), each.at("end") == "fin" ? closed_port : reset_port);
    EXPECT_GE(each.at("at_s").to_number<double>(), each.at("lifetime_s").to_number<double>());
  }
  EXPECT_EQ(report.at("lifetimes").at("count").to_number<int>(), 2);
}

TEST(LoadIdle, BytesAreNoEnd) {
  FakeBackend server(greets_then_echoes("hello"));
  const Finished finished = idle({"-c", "3", "-d", "500ms", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("           3  still open\n"));
  EXPECT_THAT(finished.out, HasSubstr("Bytes        15 came on 3 of them, though nothing was sent"));
  EXPECT_THAT(finished.out, Not(HasSubstr("Lifetimes")));
}

TEST(LoadIdle, BytesBeforeAnEndAreCounted) {
  FakeBackend server([](Peer& client) {
    client.send_all(std::string(300'000, 'x'));
    return Leave::close;
  });
  const Finished finished = idle({"-c", "2", "--json", "-", server.address()});
  const auto report = boost::json::parse(finished.out).as_object();
  EXPECT_EQ(report.at("bytes").to_number<int>(), 600'000);
  EXPECT_EQ(report.at("ends").at("fin").to_number<int>(), 2);
}

TEST(LoadIdle, KeepaliveNoticesASilentDrop) {
  TestListener listener;
  Process process("weir-load", {"idle", "--quiet", "-c", "1", "--keepalive", "1s", listener.address()});
  Peer peer = listener.accept();
  peer.go_dark();
  EXPECT_EQ(process.wait_exit(), 0);
  EXPECT_THAT(process.out(), HasSubstr("           1  timed out (keepalive)\n"));
}

TEST(LoadIdle, IdleTimeoutOfWeirIsSeen) {
  Daemon daemon = Daemon::with_config(echo_config("timeouts: {idle: 300ms}"));
  const Finished finished = idle({"-c", "8", daemon.addresses()[0]});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("           0  still open\n"));
  EXPECT_THAT(finished.out, Says("of the 8 that ended"));
}

TEST(LoadIdle, ProxyPassesTheBackendsEndOn) {
  FakeBackend server(closes_at_once());
  Daemon daemon = Daemon::with_config(proxy_config({server.address()}));
  const Finished finished = idle({"-c", "4", daemon.addresses()[0]});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("           4  closed (FIN)\n"));
}

TEST(LoadIdle, MoreEndsThanAllowedFail) {
  FakeBackend server(closes_at_once());
  EXPECT_EQ(idle({"-c", "4", "--max-ended", "4", server.address()}).exit, 0);
  const Finished finished = idle({"-c", "4", "--max-ended", "3", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("FAILED: 4 were ended, and --max-ended allows 3"));
}

TEST(LoadIdle, ConnectsThatFailAreTold) {
  const RefusedPort nobody;
  const Finished finished = idle({"-c", "3", nobody.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("0 of 3 established"));
  EXPECT_THAT(finished.out, HasSubstr("           3  connection refused"));
  EXPECT_THAT(finished.out, Says("no connection was established"));
}

TEST(LoadIdle, SignalEndsItWithAReport) {
  FakeBackend server(never_answers());
  Process process("weir-load", {"idle", "-c", "2", server.address()});
  ASSERT_TRUE(wait_until([&] { return server.accepted() == 2; }));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait_exit(), 0);
  EXPECT_THAT(process.out(), HasSubstr("           2  still open\n"));
  EXPECT_THAT(process.out(), HasSubstr("Ended        interrupted"));
}

TEST(LoadIdle, LineSaysWhichEndedMeanwhile) {
  TestListener listener;
  Process process("weir-load", {"idle", "-c", "2", listener.address()});
  Peer first = listener.accept();
  Peer second = listener.accept();
  process.wait_for_error_line("2 of 2 open");
  first.reset();
  process.wait_for_error_line("1 of 2 open  1 reset \\(RST\\)");
  second.close();
  EXPECT_EQ(process.wait_exit(), 0);
}

TEST(LoadIdle, UnixSocketsAreHeldToo) {
  Daemon daemon = Daemon::with_config("listeners: [{name: u, bind: 'unix:@weir-idle-test', echo: {}}]\n");
  const Finished finished = idle({"-c", "2", "-d", "200ms", daemon.addresses()[0]});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("           2  still open\n"));
}

TEST(LoadIdle, UsageIsChecked) {
  EXPECT_EQ(run("weir-load", {"idle"}).exit, 2);
  EXPECT_EQ(run("weir-load", {"idle", "--keepalive", "500ms", "127.0.0.1:1"}).exit, 2);
  EXPECT_EQ(run("weir-load", {"idle", "--keepalive", "5s", "unix:@x"}).exit, 2);
  EXPECT_EQ(run("weir-load", {"idle", "--proxy-sources", "10.0.0.0/8", "127.0.0.1:1"}).exit, 2);
}

}  // namespace
}  // namespace weir::test
