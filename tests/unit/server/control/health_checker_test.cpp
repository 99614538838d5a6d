#include "server/control/health_checker.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/prepare_upstream.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tls_peer.hpp"

namespace weir {
namespace {

using Result = CheckOutcome::Result;

UpstreamConfig config_of(const std::string& address) {
  UpstreamConfig config;
  config.name = "back";
  config.servers.push_back({.address = parse_address(address, AddressUse::target)});
  return config;
}

/// What one check of a backend comes to.
CheckOutcome check(const Backend& backend, SourceTurns& sources, const HealthConfig& health, CheckSpeech speech = {}) {
  boost::asio::io_context context{1};
  CheckOutcome outcome;
  boost::asio::co_spawn(context.get_executor(), check_backend(backend, sources, health, std::move(speech)),
                        [&](const std::exception_ptr& failure, CheckOutcome result) {
                          if (failure) std::rethrow_exception(failure);
                          outcome = std::move(result);
                        });
  context.run();
  return outcome;
}
CheckOutcome check(const std::string& address, const HealthConfig& health, CheckSpeech speech = {}) {
  const Upstream upstream(prepare_upstream(std::make_shared<const UpstreamConfig>(config_of(address))));
  SourceTurns sources(upstream.sources(), true);
  return check(*upstream.backends().front(), sources, health, std::move(speech));
}

TEST(CheckBackend, AcceptingIsEnoughWhereNothingIsExpected) {
  const test::TestListener backend;
  EXPECT_EQ(check(backend.address(), {}).result, Result::passed);
}

TEST(CheckBackend, OneThatRefusesFails) {
  test::TestListener backend;
  const std::string address = backend.address();
  backend.close();
  const CheckOutcome outcome = check(address, {});
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.why, "connect: Connection refused");
}

TEST(CheckBackend, OneThatDoesNotAnswerWithinTheTimeoutFails) {
  const test::TestListener backend;
  HealthConfig config;
  config.timeout = std::chrono::milliseconds(20);
  config.expect = "ready";
  const CheckOutcome outcome = check(backend.address(), config);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.why, "answer: not within 20ms");
}

TEST(CheckBackend, AFaultOfThisMachineSaysNothing) {
  const test::TestListener backend;
  UpstreamConfig config = config_of(backend.address());
  config.bind_source = {"127.0.0.2"};
  const Upstream upstream(prepare_upstream(std::make_shared<const UpstreamConfig>(config)));
  SourceTurns sources(upstream.sources(), true);
  sources.rest(0, io::Clock::now() + test::kHang);  // as where no port is left
  EXPECT_EQ(check(*upstream.backends().front(), sources, {}).result, Result::undecided);
}

TEST(CheckBackend, OneThatAnswersWhatIsExpectedToWhatIsSentPasses) {
  const test::FakeBackend backend(test::echoes());
  HealthConfig config;
  config.timeout = test::kHang;
  config.expect = "ready";
  config.send = "are you ready?";
  EXPECT_EQ(check(backend.address(), config).result, Result::passed);
}

TEST(CheckBackend, OneWhoseAnswerLacksWhatIsExpectedInTheFirst64KiBFails) {
  const test::FakeBackend backend([](test::Peer& client) {
    client.send_all(std::string(65536, '.') + "ready");
    client.receive_until_end();
    return test::Leave::close;
  });
  HealthConfig config;
  config.timeout = test::kHang;
  config.expect = "ready";
  const CheckOutcome outcome = check(backend.address(), config);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_THAT(outcome.why, testing::StartsWith("the answer does not hold what is expected"));
}

/// Backends that speak TLS as backend.test, and checks that trust the authority behind it.
class CheckBackendTls : public testing::Test {
 protected:
  static HealthConfig asks_ready() {
    HealthConfig config;
    config.timeout = test::kHang;
    config.send = "are you ready?";
    config.expect = "ready";
    return config;
  }
  /// Answers once it has been asked, after `before`.
  test::FakeBackend::Script answers(std::function<void(test::Peer&)> before = {}) const {
    return [this, before](test::Peer& client) {
      if (before) before(client);
      test::TlsPeer secured(client, certificate_);
      if (secured.receive_until("ready?") == "are you ready?") secured.send_all("I am ready");
      secured.receive_until_end();
      return test::Leave::close;
    };
  }
  /// PostgreSQL's answer to an SSLRequest.
  static std::function<void(test::Peer&)> grants(const std::string& answer) {
    return [answer](test::Peer& client) {
      EXPECT_EQ(client.receive_exactly(8), std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8));
      client.send_all(answer);
    };
  }

  CheckSpeech speech(const std::string& name = "backend.test", tls::StartTls starttls = tls::StartTls::none) const {
    tls::ClientOptions options;
    options.ca = ca_;
    options.name = name;
    return {ProxyVersion::none, std::make_shared<const tls::ClientContext>(options), starttls};
  }

  const test::TempDir dir_;
  const test::Authority authority_;
  const test::Certificate certificate_ = authority_.server({"DNS:backend.test"});
  const std::string ca_ = dir_.write("ca.pem", authority_.certificate());
};

TEST_F(CheckBackendTls, OneThatIsTrustedAndAnswersPasses) {
  const test::FakeBackend backend(answers());
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech());
  EXPECT_EQ(outcome.result, Result::passed) << outcome.why;
}

TEST_F(CheckBackendTls, AHandshakeIsEnoughWhereNothingIsExpected) {
  const test::FakeBackend backend(answers());
  HealthConfig config;
  config.timeout = test::kHang;
  const CheckOutcome outcome = check(backend.address(), config, speech());
  EXPECT_EQ(outcome.result, Result::passed) << outcome.why;
}

TEST_F(CheckBackendTls, OneWhoseCertificateIsForAnotherNameFails) {
  const test::FakeBackend backend(answers());
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech("other.test"));
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_THAT(outcome.why, testing::StartsWith("TLS handshake: its certificate is not trusted: "));
}

TEST_F(CheckBackendTls, OneOfAnotherAuthorityFails) {
  const test::FakeBackend backend([this](test::Peer& client) {
    test::TlsPeer secured(client, test::Authority().server({"DNS:backend.test"}));
    return test::Leave::close;
  });
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech());
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_THAT(outcome.why, testing::StartsWith("TLS handshake: its certificate is not trusted: "));
}

TEST_F(CheckBackendTls, OneThatSpeaksNoTlsFails) {
  const test::FakeBackend backend(test::greets_then_echoes("220 ready\r\n"));
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech());
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_THAT(outcome.why, testing::StartsWith("TLS handshake: "));
}

TEST_F(CheckBackendTls, OneThatClosesInTheHandshakeFails) {
  const test::FakeBackend backend([](test::Peer& client) {
    client.receive_exactly(1);
    return test::Leave::close;
  });
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech());
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_THAT(outcome.why, testing::StartsWith("TLS handshake: "));
}

TEST_F(CheckBackendTls, PostgresIsAskedForTlsFirst) {
  const test::FakeBackend backend(answers(grants("S")));
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech("backend.test", tls::StartTls::postgres));
  EXPECT_EQ(outcome.result, Result::passed) << outcome.why;
}

TEST_F(CheckBackendTls, PostgresThatHasNoneFails) {
  const test::FakeBackend backend(answers(grants("N")));
  const CheckOutcome outcome = check(backend.address(), asks_ready(), speech("backend.test", tls::StartTls::postgres));
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.why, "it speaks no TLS: it answers PostgreSQL's SSLRequest with N");
}

}  // namespace
}  // namespace weir
