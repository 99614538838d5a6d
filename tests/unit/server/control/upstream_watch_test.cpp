#include "server/control/upstream_watch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/endpoint.hpp"
#include "common/proxy_protocol.hpp"
#include "server/prepare_upstream.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/name_server.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::NameServer;
using test::TestListener;

/// A control thread: upstreams, and the context on which they are watched.
class UpstreamWatchTest : public testing::Test {
 protected:
  struct Watched {
    std::shared_ptr<Upstream> upstream;
    std::optional<UpstreamWatch> watch;

    /// Ends the watch. The upstream is nobody's then, once what was on its way has ended.
    std::weak_ptr<Upstream> end() {
      watch.reset();
      std::weak_ptr<Upstream> weak = upstream;
      upstream.reset();
      return weak;
    }
  };

  void watch(Watched& watched, const UpstreamConfig& config) {
    watched.upstream = std::make_shared<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(config)));
    watched.watch.emplace(context_, watched.upstream, dns_);
  }

  /// One backend that is checked again and again.
  static UpstreamConfig checked(const TestListener& backend, milliseconds interval = milliseconds(1)) {
    UpstreamConfig config;
    config.name = "checked";
    config.servers.push_back({.address = parse_address(backend.address(), AddressUse::target)});
    config.health.emplace();
    config.health->interval = interval;
    return config;
  }

  static UpstreamConfig named(const std::string& name) {
    UpstreamConfig config;
    config.name = "named";
    config.servers.push_back({.dns = DnsName{DnsName::Record::a, name + ".", 1}});
    return config;
  }

  bool run_until(const std::function<bool()>& condition) {
    return test::wait_until([&] {
      context_.restart();
      context_.poll();
      return condition();
    });
  }

  /// Runs what is due, and waits for nothing.
  void run_what_is_due() {
    context_.restart();
    while (context_.poll() > 0) continue;
  }

  /// Checks that have come since the last look.
  static int checks_of(TestListener& backend) {
    int count = 0;
    for (; backend.pending(); ++count) backend.accept();
    return count;
  }

  bool sees_checks(TestListener& backend, int wanted) {
    return run_until([&] { return (wanted -= checks_of(backend)) <= 0; });
  }

  NameServer names_;
  DnsConfig dns_{{resolve(parse_address(names_.address(), AddressUse::target), AddressUse::target)}, milliseconds(1)};
  boost::asio::io_context context_{1};
  Watched one_;
  Watched other_;
};

TEST_F(UpstreamWatchTest, ABackendThatLeftIsCheckedNoMore) {
  TestListener backend;
  TestListener others;
  UpstreamConfig config = named("one.test");
  config.servers.front().dns->port = backend.endpoint().port();
  config.health.emplace();
  config.health->interval = milliseconds(1);
  names_.set_addresses("one.test", {"127.0.0.1"});
  watch(one_, config);
  watch(other_, checked(others));
  ASSERT_TRUE(sees_checks(backend, 3));
  names_.remove("one.test");
  ASSERT_TRUE(run_until([&] { return one_.upstream->backends().empty(); }));
  ASSERT_TRUE(sees_checks(others, 5)) << "by now, the check that was on its way has ended";
  checks_of(backend);
  EXPECT_TRUE(sees_checks(others, 10));
  EXPECT_EQ(checks_of(backend), 0);
}

TEST_F(UpstreamWatchTest, ABackendIsCheckedByOneConnectionAtATime) {
  TestListener backend;
  UpstreamConfig config = named("back.test");
  config.servers.front().dns->port = backend.endpoint().port();
  config.health.emplace();
  config.health->timeout = hours(1);
  config.health->expect = "ready";
  names_.set_addresses("back.test", {"127.0.0.1"});
  watch(one_, config);
  ASSERT_TRUE(run_until([&] { return backend.pending(); }));
  const test::Peer check = backend.accept();
  const int asked = names_.questions("back.test");
  ASSERT_TRUE(run_until([&] { return names_.questions("back.test") >= asked + 20; }));
  EXPECT_FALSE(backend.pending()) << "it goes on, however often the name is looked up";
}

TEST_F(UpstreamWatchTest, ACheckBeginsWithAProxyHeaderWhereTheBackendExpectsOne) {
  TestListener backend;
  UpstreamConfig config = checked(backend);
  config.send_proxy_protocol = ProxyVersion::v1;
  config.health->send = "hello";
  config.health->expect = "ready";
  config.health->timeout = test::kHang;
  watch(one_, config);
  ASSERT_TRUE(run_until([&] { return backend.pending(); }));
  test::Peer check = backend.accept();
  ASSERT_TRUE(run_until([&] { return check.readable(); }));
  const std::string expected = "PROXY TCP4 127.0.0.1 127.0.0.1 " + std::to_string(remote_endpoint(check.fd()).port()) +
                               " " + std::to_string(local_endpoint(check.fd()).port()) + "\r\nhello";
  EXPECT_EQ(check.receive_exactly(expected.size()), expected) << "UNKNOWN is refused by some servers";
}

TEST_F(UpstreamWatchTest, OfVersionTwoTheHeaderOfACheckSaysLocal) {
  TestListener backend;
  UpstreamConfig config = checked(backend);
  config.send_proxy_protocol = ProxyVersion::v2;
  config.health->timeout = test::kHang;
  watch(one_, config);
  ASSERT_TRUE(run_until([&] { return backend.pending(); }));
  test::Peer check = backend.accept();
  ASSERT_TRUE(run_until([&] { return check.readable(); }));
  EXPECT_EQ(check.receive_exactly(16), make_proxy_header(ProxyVersion::v2, {}));
}

TEST_F(UpstreamWatchTest, WhenOneEndsItsBackendIsCheckedNoMoreAndTheOthersIs) {
  TestListener backend;
  TestListener others;
  watch(one_, checked(backend));
  watch(other_, checked(others));
  ASSERT_TRUE(sees_checks(backend, 3));
  ASSERT_TRUE(sees_checks(others, 3));
  const std::weak_ptr<Upstream> ended = one_.end();
  run_what_is_due();
  EXPECT_TRUE(ended.expired());
  checks_of(backend);
  EXPECT_TRUE(sees_checks(others, 5));
  EXPECT_EQ(checks_of(backend), 0);
}

TEST_F(UpstreamWatchTest, OneThatEndsInATurnOfTheContextEndsToo) {
  TestListener backend;
  watch(one_, checked(backend));
  ASSERT_TRUE(sees_checks(backend, 1));
  std::weak_ptr<Upstream> ended;
  boost::asio::post(context_, [&] { ended = one_.end(); });
  run_what_is_due();
  EXPECT_TRUE(ended.expired());
}

TEST_F(UpstreamWatchTest, ThePauseBeforeTheNextCheckEndsAtOnce) {
  TestListener backend;
  watch(one_, checked(backend, hours(1)));
  ASSERT_TRUE(sees_checks(backend, 1));
  run_what_is_due();
  const std::weak_ptr<Upstream> ended = one_.end();
  run_what_is_due();
  EXPECT_TRUE(ended.expired());
}

TEST_F(UpstreamWatchTest, ACheckThatIsOnItsWayIsCancelledAndSaysNothing) {
  TestListener backend;
  UpstreamConfig config = checked(backend);
  config.health->expect = "ready";
  config.health->timeout = hours(1);
  watch(one_, config);
  ASSERT_TRUE(run_until([&] { return backend.pending(); }));
  test::Peer check = backend.accept();
  run_what_is_due();
  const std::shared_ptr<Upstream> upstream = one_.upstream;
  one_.end();
  run_what_is_due();
  EXPECT_EQ(upstream.use_count(), 1) << "the check has let go of it";
  EXPECT_EQ(check.receive_until_end().bytes, "");
  EXPECT_TRUE(upstream->any_up());
}

TEST_F(UpstreamWatchTest, AnAnswerThatCameAsItEndedSaysNothing) {
  TestListener backend;
  UpstreamConfig config = checked(backend);
  config.health->expect = "ready";
  config.health->timeout = hours(1);
  watch(one_, config);
  ASSERT_TRUE(run_until([&] { return backend.pending(); }));
  test::Peer check = backend.accept();
  run_what_is_due();
  check.send_all("no");
  check.close();  // which would take the backend down
  const std::shared_ptr<Upstream> upstream = one_.upstream;
  one_.end();
  run_what_is_due();
  EXPECT_TRUE(upstream->any_up());
  EXPECT_EQ(upstream.use_count(), 1);
}

TEST_F(UpstreamWatchTest, WhenOneEndsItsNameIsLookedUpNoMoreAndTheOthersIs) {
  names_.set_addresses("one.test", {"127.0.0.1"});
  names_.set_addresses("other.test", {"127.0.0.1"});
  watch(one_, named("one.test"));
  watch(other_, named("other.test"));
  const auto asks_more = [&](const std::string& name, int more) {
    const int wanted = names_.questions(name) + more;
    return run_until([&] { return names_.questions(name) >= wanted; });
  };
  ASSERT_TRUE(asks_more("one.test", 6));
  ASSERT_TRUE(run_until([&] { return one_.upstream->any_up(); }));
  const std::weak_ptr<Upstream> ended = one_.end();
  run_what_is_due();
  EXPECT_TRUE(ended.expired());
  ASSERT_TRUE(asks_more("other.test", 4)) << "by now, whatever was asked before has been read";
  const int asked = names_.questions("one.test");
  EXPECT_TRUE(asks_more("other.test", 10));
  EXPECT_EQ(names_.questions("one.test"), asked);
}

TEST_F(UpstreamWatchTest, AQuestionThatIsOpenIsDropped) {
  names_.set_mood(NameServer::Mood::says_nothing);
  watch(one_, named("one.test"));
  ASSERT_TRUE(run_until([&] { return names_.questions("one.test") >= 1; }));
  const std::weak_ptr<Upstream> ended = one_.end();
  run_what_is_due();
  EXPECT_TRUE(ended.expired());
}

TEST_F(UpstreamWatchTest, ThePauseBeforeTheNextLookupEndsAtOnce) {
  dns_.min_ttl = dns_.max_ttl = hours(1);
  names_.set_addresses("one.test", {"127.0.0.1"});
  watch(one_, named("one.test"));
  ASSERT_TRUE(run_until([&] { return one_.upstream->any_up(); }));
  const std::weak_ptr<Upstream> ended = one_.end();
  run_what_is_due();
  EXPECT_TRUE(ended.expired());
}

TEST_F(UpstreamWatchTest, BackendsOfANameAreCheckedOnceTheyAreKnown) {
  TestListener backend;
  UpstreamConfig config = named("one.test");
  config.servers[0].dns->port = backend.endpoint().port();
  config.health.emplace();
  names_.set_addresses("one.test", {"127.0.0.1"});
  watch(one_, config);
  EXPECT_TRUE(sees_checks(backend, 1));
  EXPECT_TRUE(run_until([&] { return one_.upstream->any_up(); }));
}

TEST_F(UpstreamWatchTest, WhatIsOnItsWayGoesWithTheContext) {
  names_.set_mood(NameServer::Mood::says_nothing);
  TestListener backend;
  UpstreamConfig config = named("one.test");
  config.servers.push_back(checked(backend).servers[0]);
  config.health.emplace();
  config.health->expect = "ready";
  std::weak_ptr<Upstream> ended;
  {
    boost::asio::io_context context{1};
    auto upstream = std::make_shared<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(config)));
    ended = upstream;
    const UpstreamWatch watch(context, std::move(upstream), dns_);
    ASSERT_TRUE(test::wait_until([&] {
      context.poll();
      return backend.pending() && names_.questions("one.test") >= 1;
    }));
  }
  EXPECT_TRUE(ended.expired());
}

}  // namespace
}  // namespace weir
