#include "client/report/report_parts.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>
#include <string>

namespace weir::load {
namespace {

namespace json = boost::json;

/// What was taken apart, put together again.
std::string again(const std::string& report) {
  const std::optional<ReportParts> parts = take_apart(report);
  if (!parts) return "no report";
  json::object whole = parts->rest;
  if (parts->intervals.empty()) return json::serialize(whole);
  json::array intervals;
  ArrayItems items(parts->intervals);
  for (json::value item; items.next(item);) intervals.push_back(item);
  EXPECT_EQ(count_items(parts->intervals), intervals.size()) << report;
  whole["intervals"] = std::move(intervals);
  return json::serialize(whole);
}

TEST(ReportParts, NothingIsLostAndEachKeyKeepsItsPlace) {
  for (const char* report : {
           R"({"intervals":[{"done":1},{"done":[2,3,"],"]}],"exit_status":0})",
           R"({"a":1,"intervals":[],"b":[{},[]]})",
           R"({"intervals":[[1,2],"\\",{"x":"\"]"}]})",
           R"({"intervals":null,"a":"b"})",
           R"({"a":{"intervals":[1,2]},"intervals":[3]})",
           R"({"a":{"intervals":[1,2]}})",
           R"({"command":["intervals","\"intervals\":[1]"],"intervals":[1]})",
           R"({})",
       }) {
    EXPECT_EQ(again(report), report);
  }
  EXPECT_EQ(again("{ \"intervals\" : [ 1 ,\n {} ] }"), R"({"intervals":[1,{}]})");
  EXPECT_EQ(again("{\"intervals\":[ \n]}"), R"({"intervals":[]})");
}

TEST(ReportParts, IntervalsStandInTheTextAlone) {
  const std::string report = R"({"intervals":[{"done":1},{"done":2}],"exit_status":0})";
  const std::optional<ReportParts> parts = take_apart(report);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->intervals, R"([{"done":1},{"done":2}])");
  EXPECT_TRUE(parts->rest.at("intervals").as_array().empty());
}

TEST(ReportParts, WhatIsNoObjectIsNoReport) {
  for (const char* other : {"", "[]", "1", "{", R"({"intervals":[)", R"({"intervals":[1]} {})"}) {
    EXPECT_EQ(again(other), "no report") << other;
  }
}

TEST(ReportParts, DamagedItemsAreAnErrorOnceTheyAreTaken) {
  for (const char* damaged : {"[,]", "[1,]", "[1 2]", "[{]}", "[1"}) {
    ArrayItems items(damaged);
    json::value item;
    EXPECT_THROW(while (items.next(item)){}, std::runtime_error) << damaged;
  }
}

}  // namespace
}  // namespace weir::load
