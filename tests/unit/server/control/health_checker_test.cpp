#include "server/control/health_checker.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <string>

#include "server/prepare_upstream.hpp"
#include "tests/support/fake_backend.hpp"

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
CheckOutcome check(const std::string& address, const HealthConfig& health) {
  const Upstream upstream(prepare_upstream(std::make_shared<const UpstreamConfig>(config_of(address))));
  SourceTurns sources(upstream.sources(), true);
  return check(*upstream.backends().front(), sources, health);
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

}  // namespace
}  // namespace weir
