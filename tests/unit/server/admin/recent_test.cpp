#include "server/admin/recent.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/unit/server/admin/documented_answers.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

TEST(Recent, ReadsTheDocumentedAnswer) {
  const Recent recent = recent_of(test::documented_answer("History"));
  EXPECT_EQ(recent.span, std::chrono::seconds(5));
  const Recent::Listener& listener = recent.listeners.at("db");
  EXPECT_EQ(listener.accepted_rate, 10);
  EXPECT_EQ(listener.in_rate, 200);
  EXPECT_EQ(listener.out_rate, 400);
  EXPECT_EQ(listener.ended.at("client_closed"), 48);
  EXPECT_EQ(recent.upstreams.at("postgres").connects, 50);
}

TEST(Recent, AddsTheLastFiveMinutesAndNoMore) {
  json::value history = test::documented_answer("History");
  json::array& steps = history.at("steps").as_array();
  for (int i = 0; i < 99; ++i) steps.push_back(steps.front());
  steps.back().at("listeners").at("db").as_object()["accepted"] = 5;
  const Recent recent = recent_of(history);
  EXPECT_EQ(recent.span, Recent::kSpan);
  EXPECT_EQ(recent.listeners.at("db").ended.at("client_closed"), 60 * 48);
  EXPECT_EQ(recent.listeners.at("db").accepted_rate, 1);  // of the last step alone
  EXPECT_EQ(recent.upstreams.at("postgres").connects, 60 * 50);
}

TEST(Recent, NothingIsReadFromWhatIsNone) {
  for (const char* text :
       {"null", "{}", R"({"step_seconds": 0, "steps": [{}]})", R"({"step_seconds": 5, "steps": []})"}) {
    EXPECT_EQ(recent_of(json::parse(text)).span.count(), 0) << text;
  }
  EXPECT_EQ(recent_of(json::parse(R"({"step_seconds": 5, "steps": [1, {"listeners": {"a": 1}}]})")).span.count(),
            10'000);
}

}  // namespace
}  // namespace weir::admin
