#include "client/parent_control.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>

#include "client/report/histogram_json.hpp"

namespace weir::load {
namespace {

namespace json = boost::json;

/// A control and its parent's end of the line.
class ParentControlTest : public testing::Test {
 protected:
  ParentControlTest() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw std::runtime_error("socketpair");
    own_.emplace(io::Descriptor(pair[0]));
    parent_.emplace(io::Descriptor(pair[1]));
    control_.emplace(*own_);
  }
  std::string heard() {
    parent_->receive();
    const std::optional<json::object> message = parent_->next();
    return message ? std::string(json::serialize(*message)) : "nothing";
  }

  std::optional<MessageLine> own_;
  std::optional<MessageLine> parent_;
  std::optional<ParentControl> control_;
};

TEST_F(ParentControlTest, TellsThatItsConnectionsStandAndHearsWhenToBeginAndWhereItStands) {
  const io::Clock::time_point begin = io::Clock::now() + std::chrono::milliseconds(50);
  parent_->send(
      {{"begin_ns", std::chrono::nanoseconds(begin.time_since_epoch()).count()}, {"first", 5}, {"total", 12}});
  const std::optional<Start> start = control_->wait_for_start(7);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->begin, begin);
  EXPECT_EQ(start->ranks.first, 5u);
  EXPECT_EQ(start->ranks.total, 12u);
  EXPECT_EQ(heard(), "{\"stands\":7}");
}

TEST_F(ParentControlTest, InterruptionIsHeardBeforeAndAfterTheStart) {
  EXPECT_FALSE(control_->interrupted());
  parent_->send({{"interrupt", true}});
  EXPECT_TRUE(control_->interrupted());
  EXPECT_TRUE(control_->interrupted());
  EXPECT_FALSE(control_->wait_for_start(1));
}

TEST_F(ParentControlTest, EndOfTheParentEndsTheRun) {
  parent_.reset();
  EXPECT_FALSE(control_->wait_for_start(1));
  EXPECT_TRUE(control_->interrupted());
}

TEST_F(ParentControlTest, PassesProgressOnWithoutLoss) {
  control_->connecting(0.5, 10, 9, 20);
  EXPECT_EQ(heard(), "{\"settled\":10,\"reached\":9}");
  Histogram times;
  times.record(std::chrono::microseconds(5));
  times.record(std::chrono::milliseconds(7));
  Interval interval;
  interval.at = 2;
  interval.length = 1;
  interval.done = 2;
  interval.buckets = times.buckets();
  control_->running(interval, 9, 3, 0.5, "warmup ");
  parent_->receive();
  const std::optional<json::object> message = parent_->next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->at("done"), 2);
  EXPECT_EQ(message->at("open"), 9);
  EXPECT_EQ(message->at("failures"), 3);
  EXPECT_EQ(message->at("warmup"), true);
  EXPECT_EQ(buckets_from_json(message->at("buckets").as_array()), times.buckets());
}

TEST_F(ParentControlTest, TellsAllFiguresSinceTheBeginWhereMetricsAreWanted) {
  WorkerStats news;
  news[Count::done] = 3;
  news.failures.add(Failure::reset);
  control_->collected(news, 4);  // nobody wants them
  control_.emplace(*own_, true);
  control_->collected(news, 4);
  control_->collected(news, 5);
  heard();
  const std::optional<json::object> second = parent_->next();
  ASSERT_TRUE(second);
  const LiveFigures figures = figures_from_json(second->at("figures").as_object());
  EXPECT_EQ(figures[Count::done], 6u);
  EXPECT_EQ(figures.failures[Failure::reset], 2u);
  EXPECT_EQ(figures.open, 5u);
}

}  // namespace
}  // namespace weir::load
