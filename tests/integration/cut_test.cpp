#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/stopwatch.hpp"

/// What a client gets when its connection is cut: a RST in the middle of something, a FIN between messages, whatever
/// the service is.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

enum class By { lifetime, shutdown };

struct Case {
  const char* service;
  By by;

  bool answers() const { return service != std::string("discard"); }
};

class Cut : public testing::TestWithParam<Case> {
 protected:
  /// With a lifetime, or a drain that takes that long.
  Daemon start(const std::string& patience) {
    const bool lifetime = GetParam().by == By::lifetime;
    const std::string service = GetParam().service;
    return Daemon::with_config("listeners: [{name: l, bind: '127.0.0.1:0', " + service + ": " +
                               (service == "proxy" ? "{upstream: u}" : "{}") +
                               (lifetime ? ", timeouts: {lifetime: " + patience + "}" : "") +
                               "}]\nupstreams: [{name: u, servers: [{address: '" + backend_.address() + "'}]}]\n" +
                               (lifetime ? "" : "drain_timeout: " + patience + "\n"));
  }

  void cut(const Daemon& daemon) {
    if (GetParam().by == By::shutdown) daemon.drain();
  }

  std::string end() const { return GetParam().by == By::lifetime ? "lifetime" : "shutdown"; }

  FakeBackend backend_{echoes()};
};

/// Sends a byte and takes the answer, where there is one; or tells how the connection has ended.
std::optional<Ending> exchange_byte(const Peer& client, bool answers) {
  char byte = 'x';
  if (::send(client.fd(), &byte, 1, MSG_NOSIGNAL) != 1) return errno == EPIPE ? Ending::fin : Ending::reset;
  const ssize_t got = answers ? ::recv(client.fd(), &byte, 1, 0) : 1;
  if (got == 1) return std::nullopt;
  return got == 0 ? Ending::fin : Ending::reset;
}

/// How a connection ended over which a byte went every 20 ms. Nothing where this machine slept for so long that none
/// need have moved in the 100 ms before the end.
std::optional<Ending> ending_of_stream(Peer& client, bool answers) {
  Stopwatch since_last;
  Stopwatch since_one_before;
  std::optional<Ending> ending;
  while (!ending && !client.readable(milliseconds(20))) {
    since_one_before = since_last;
    since_last = Stopwatch();
    ending = exchange_byte(client, answers);
  }
  if (!ending) ending = client.receive_until_end().ending;
  return since_one_before.elapsed() < milliseconds(100) ? ending : std::nullopt;
}

TEST_P(Cut, InTheMiddleOfSomethingIsAReset) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    const Daemon daemon = start(GetParam().by == By::lifetime ? "300ms" : "0s");
    Peer client = daemon.connect();
    for (int i = 0; i < 3; ++i) ASSERT_EQ(exchange_byte(client, GetParam().answers()), std::nullopt);
    cut(daemon);
    const std::optional<Ending> ending = ending_of_stream(client, GetParam().answers());
    EXPECT_EQ(daemon.wait_for_record().end(), end());
    if (!ending) continue;
    EXPECT_EQ(*ending, Ending::reset);
    return;
  }
  GTEST_SKIP() << "this machine is too slow to tell";
}

TEST_P(Cut, BetweenMessagesIsAFin) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    const Daemon daemon = start("1s");
    const Stopwatch since_begin;
    Peer client = daemon.connect();
    ASSERT_EQ(exchange_byte(client, GetParam().answers()), std::nullopt);
    if (since_begin.elapsed() > milliseconds(500)) continue;
    cut(daemon);
    EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
    EXPECT_EQ(daemon.wait_for_record().end(), end());
    return;
  }
  GTEST_SKIP() << "this machine is too slow to tell";
}

INSTANTIATE_TEST_SUITE_P(Each, Cut,
                         testing::Values(Case{"echo", By::lifetime}, Case{"echo", By::shutdown},
                                         Case{"discard", By::lifetime}, Case{"discard", By::shutdown},
                                         Case{"proxy", By::lifetime}, Case{"proxy", By::shutdown}),
                         [](const auto& each) {
                           return std::string(each.param.service) +
                                  (each.param.by == By::lifetime ? "Lifetime" : "Shutdown");
                         });

/// How clients end that had sent so much of a PROXY header when they were cut.
class CutInHeader : public testing::TestWithParam<By> {
 protected:
  Daemon start() const {
    return GetParam() == By::lifetime
               ? Daemon::with_config(echo_config("accept_proxy_protocol: required, timeouts: {lifetime: 1s}"))
               : Daemon::with_config(echo_config("accept_proxy_protocol: required") + "drain_timeout: 0s");
  }

  template <typename Begin>
  Ending ending_after(Begin begin) const {
    const Daemon daemon = start();
    Peer client = daemon.connect();
    begin(client);
    if (GetParam() == By::shutdown) daemon.drain();
    const Ending ending = client.receive_until_end().ending;
    EXPECT_EQ(daemon.wait_for_record().end(), GetParam() == By::lifetime ? "lifetime" : "shutdown");
    return ending;
  }
};

TEST_P(CutInHeader, IsAResetWhereItHasBegun) {
  EXPECT_EQ(ending_after([](Peer& client) { client.send_all("PROXY TC"); }), Ending::reset);
  EXPECT_EQ(ending_after([](Peer& client) {
              client.send_all("PROX");
              client.send_urgent('Y');
            }),
            Ending::reset);
}

TEST_P(CutInHeader, IsAFinWhereNothingCame) {
  EXPECT_EQ(ending_after([](Peer&) {}), Ending::fin);
}

INSTANTIATE_TEST_SUITE_P(Each, CutInHeader, testing::Values(By::lifetime, By::shutdown),
                         [](const auto& each) { return each.param == By::lifetime ? "Lifetime" : "Shutdown"; });

}  // namespace
}  // namespace weir::test
