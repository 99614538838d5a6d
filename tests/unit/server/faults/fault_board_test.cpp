#include "server/faults/fault_board.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Outcome = FaultBoard::Outcome;

constexpr const char* kWho = "the admin endpoint";

faults::Fault slow(std::chrono::milliseconds duration = 0ms) {
  faults::Fault made;
  made.name = "slow";
  made.percent = 20;
  made.kind = faults::Latency{50ms};
  made.duration = duration;
  return made;
}

ServerConfig config(std::vector<faults::Fault> of_db = {}, std::uint64_t seed = 42) {
  ServerConfig made;
  made.faults.emplace().seed = seed;
  made.listeners.resize(2);
  made.listeners[0].name = "db";
  made.listeners[0].faults = std::move(of_db);
  made.listeners[1].name = "web";
  return made;
}

/// What is published is kept, and what is logged is text.
class FaultBoardTest : public ::testing::Test {
 protected:
  FaultBoardTest() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)));
    spdlog::default_logger()->set_pattern("%l %v");
  }
  ~FaultBoardTest() override { spdlog::set_default_logger(before_); }

  FaultBoard::Publish keep() {
    return [this](const std::string& listener, faults::FaultSetPtr set) {
      if (set) {
        EXPECT_EQ(set->listener(), listener);
      }
      published.emplace_back(listener, std::move(set));
    };
  }
  void take(const ServerConfig& next) { board.take_config(next, keep()); }
  /// "db" for faults, "db none" for their end.
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const auto& [listener, set] : std::exchange(published, {})) texts.push_back(listener + (set ? "" : " none"));
    return texts;
  }
  std::string logged() { return std::exchange(text_, std::ostringstream()).str(); }

  boost::asio::io_context context;
  std::vector<std::pair<std::string, faults::FaultSetPtr>> published;
  FaultBoard board{context, keep()};

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

TEST_F(FaultBoardTest, PublishesWhatAListenerHasAndSaysIt) {
  take(config({slow()}));
  ASSERT_THAT(published.size(), 1u);
  EXPECT_EQ(published[0].second->seed(), 42u);
  EXPECT_FALSE(published[0].second->empty());
  EXPECT_THAT(told(), ElementsAre("db"));
  EXPECT_EQ(logged(),
            "info faults: seed 42\n"
            "warning faults: listener db: slow (latency, 20 % of connections) is on, set by the configuration\n");
}

TEST_F(FaultBoardTest, PublishesNothingThatIsAsItWas) {
  take(config({slow()}));
  told();
  logged();
  take(config({slow()}));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(logged(), "");
}

TEST_F(FaultBoardTest, AnotherSeedIsPublishedWithTheSameFaults) {
  take(config({slow()}));
  take(config({slow()}, 43));
  EXPECT_THAT(told(), ElementsAre("db", "db"));
  EXPECT_THAT(logged(), HasSubstr("faults: seed 43"));
}

TEST_F(FaultBoardTest, SetsRemovesAndClears) {
  take(config());
  EXPECT_EQ(board.set("web", slow(10min), kWho), Outcome::done);
  EXPECT_EQ(board.remove("web", "slow", kWho), Outcome::done);
  EXPECT_EQ(board.remove("web", "slow", kWho), Outcome::not_found);
  EXPECT_EQ(board.set("nobody", slow(), kWho), Outcome::not_found);
  EXPECT_EQ(board.clear("nobody", kWho), Outcome::not_found);
  EXPECT_EQ(board.clear(std::nullopt, kWho), Outcome::already);
  EXPECT_EQ(board.set("db", slow(), kWho), Outcome::done);
  EXPECT_EQ(board.clear("db", kWho), Outcome::done);
  EXPECT_THAT(told(), ElementsAre("web", "web none", "db", "db none"));
  EXPECT_EQ(
      logged(),
      "info faults: seed 42\n"
      "warning faults: listener web: slow (latency, 20 % of connections) is on, set by the admin endpoint, for "
      "10m\n"
      "info faults: listener web: slow (latency, 20 % of connections) is off, removed by the admin endpoint\n"
      "warning faults: listener db: slow (latency, 20 % of connections) is on, set by the admin endpoint, for 1h\n"
      "info faults: listener db: slow (latency, 20 % of connections) is off, removed by the admin endpoint\n");
}

TEST_F(FaultBoardTest, OneWhoseTimeIsOverGoesByItself) {
  take(config());
  board.set("db", slow(20ms), kWho);
  faults::Fault stays = slow(1h);
  stays.name = "stays";
  stays.key = faults::Fault::Key::source;
  board.set("web", stays, kWho);
  told();
  while (published.empty()) context.run_one();
  EXPECT_THAT(told(), ElementsAre("db none"));
  EXPECT_EQ(board.snapshot()->count(), 1u);
  EXPECT_THAT(logged(), HasSubstr("info faults: listener db: slow (latency, 20 % of connections) is off, its time is "
                                  "over\n"));
}

TEST_F(FaultBoardTest, OneThatIsSetForShorterIsWaitedForFirst) {
  take(config());
  board.set("db", slow(1h), kWho);
  board.set("web", slow(20ms), kWho);
  told();
  while (published.empty()) context.run_one();
  EXPECT_THAT(told(), ElementsAre("web none"));
}

TEST_F(FaultBoardTest, AListenerThatGoesHasNoFaultsAnyMore) {
  take(config({slow()}));
  ServerConfig without = config();
  without.listeners.erase(without.listeners.begin());
  told();
  take(without);
  EXPECT_THAT(told(), ElementsAre("db none"));
  EXPECT_THAT(logged(), HasSubstr("is off, removed by the configuration"));
}

TEST_F(FaultBoardTest, ADrawnSeedIsLoggedAndNever0) {
  take(config({}, 0));
  const std::uint64_t seed = board.snapshot()->seed;
  EXPECT_NE(seed, 0u);
  EXPECT_EQ(logged(), "info faults: seed " + std::to_string(seed) + "\n");
}

TEST_F(FaultBoardTest, WithoutTheSectionThereIsNothing) {
  ServerConfig off = config();
  off.faults.reset();
  take(off);
  EXPECT_EQ(logged(), "");
  EXPECT_EQ(board.snapshot(), std::nullopt);
  EXPECT_THROW(board.set("db", slow(), kWho), FaultRefused);
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace weir
