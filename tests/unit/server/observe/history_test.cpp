#include "server/observe/history.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

ServerSnapshot snapshot_of(std::uint64_t accepted, std::uint64_t closed) {
  ServerSnapshot snapshot;
  ListenerSnapshot& listener = snapshot.listeners.emplace_back();
  listener.name = "db";
  listener.accepted = accepted;
  listener.active = accepted - closed;
  listener.bytes_in = accepted * 10;
  listener.bytes_out = accepted * 20;
  listener.ended[static_cast<std::size_t>(SessionEnd::client_closed)] = closed;
  return snapshot;
}

BackendSnapshot backend_of(const std::string& name, std::uint64_t connects, std::uint64_t refused) {
  BackendSnapshot backend;
  backend.name = name;
  backend.connects = connects;
  backend.active = 2;
  backend.bytes_to = connects * 10;
  backend.bytes_from = connects * 20;
  backend.connect_failures = {{"ECONNREFUSED", refused}, {"ETIMEDOUT", 1}};
  return backend;
}

ServerSnapshot with_upstream(std::vector<BackendSnapshot> backends) {
  ServerSnapshot snapshot;
  UpstreamSnapshot& upstream = snapshot.upstreams.emplace_back();
  upstream.name = "postgres";
  upstream.backends = std::move(backends);
  return snapshot;
}

TEST(History, AStepIsWhatCameSinceTheSnapshotBefore) {
  History history;
  history.add(snapshot_of(10, 4));
  ServerSnapshot next = snapshot_of(25, 9);
  next.time = WallTime(std::chrono::seconds(100));
  history.add(next);
  ASSERT_EQ(history.steps().size(), 2u);
  const HistoryStep& step = history.steps().back();
  EXPECT_EQ(step.end, WallTime(std::chrono::seconds(100)));
  const HistoryPoint& point = step.listeners.at("db");
  EXPECT_EQ(point.accepted, 15u);
  EXPECT_EQ(point.bytes_in, 150u);
  EXPECT_EQ(point.bytes_out, 300u);
  EXPECT_EQ(point.active, 16u);  // not a difference
  EXPECT_EQ(point.ended[static_cast<std::size_t>(SessionEnd::client_closed)], 5u);
  EXPECT_EQ(point.ended[static_cast<std::size_t>(SessionEnd::server_closed)], 0u);
}

TEST(History, TheFirstStepAndANewListenerCountFromZero) {
  History history;
  history.add(snapshot_of(10, 4));
  EXPECT_EQ(history.steps().back().listeners.at("db").accepted, 10u);
  ServerSnapshot next = snapshot_of(10, 4);
  next.listeners.push_back(snapshot_of(3, 1).listeners.front());
  next.listeners.back().name = "new";
  history.add(next);
  EXPECT_EQ(history.steps().back().listeners.at("db").accepted, 0u);
  EXPECT_EQ(history.steps().back().listeners.at("new").accepted, 3u);
}

TEST(History, AListenerThatWentIsInNoFurtherStep) {
  History history;
  history.add(snapshot_of(10, 4));
  history.add({});
  EXPECT_TRUE(history.steps().back().listeners.empty());
  history.add(snapshot_of(2, 0));  // another one of its name
  EXPECT_EQ(history.steps().back().listeners.at("db").accepted, 2u);
}

TEST(History, AnUpstreamIsTheSumOfItsBackends) {
  History history;
  history.add(with_upstream({backend_of("a:1", 5, 1), backend_of("b:1", 7, 0)}));
  history.add(with_upstream({backend_of("a:1", 6, 3), backend_of("b:1", 10, 0)}));
  const HistoryPoint& point = history.steps().back().upstreams.at("postgres");
  EXPECT_EQ(point.accepted, 4u);
  EXPECT_EQ(point.bytes_in, 40u);
  EXPECT_EQ(point.bytes_out, 80u);
  EXPECT_EQ(point.active, 4u);
  EXPECT_EQ(point.connect_failures, 2u);
}

TEST(History, ABackendThatLeavesTakesNothingFromTheOthers) {
  History history;
  history.add(with_upstream({backend_of("a:1", 5, 1), backend_of("b:1", 700, 50)}));
  history.add(with_upstream({backend_of("a:1", 6, 2)}));
  const HistoryPoint& point = history.steps().back().upstreams.at("postgres");
  EXPECT_EQ(point.accepted, 1u);  // what the other one did
  EXPECT_EQ(point.bytes_in, 10u);
  EXPECT_EQ(point.connect_failures, 1u);
}

TEST(History, ACountThatGoesBackMakesNothingNegative) {
  History history;
  history.add(with_upstream({backend_of("a:1", 500, 9), backend_of("a:1", 7, 0)}));
  history.add(with_upstream({backend_of("a:1", 8, 0)}));  // the one that had left has gone
  EXPECT_EQ(history.steps().back().upstreams.at("postgres").accepted, 0u);
  EXPECT_EQ(history.steps().back().upstreams.at("postgres").connect_failures, 0u);
  history.add(with_upstream({backend_of("a:1", 10, 0)}));
  EXPECT_EQ(history.steps().back().upstreams.at("postgres").accepted, 2u);
}

TEST(History, KeepsTheNewestSteps) {
  History history;
  for (std::size_t i = 0; i < History::kSteps + 3; ++i) {
    ServerSnapshot snapshot = snapshot_of(i, 0);
    snapshot.time = WallTime(std::chrono::seconds(i));
    history.add(snapshot);
  }
  ASSERT_EQ(history.steps().size(), History::kSteps);
  EXPECT_EQ(history.steps().front().end, WallTime(std::chrono::seconds(3)));
}

}  // namespace
}  // namespace weir
