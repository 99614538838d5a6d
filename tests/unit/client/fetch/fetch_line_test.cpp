#include "client/fetch/fetch_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "client/fetch/fetch_summary.hpp"
#include "client/fetch/result_line.hpp"

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

FetchResult result_of(const std::string& url, Outcome outcome, milliseconds time) {
  FetchResult result;
  result.url = result.final_url = parse_url(url);
  result.outcome = outcome;
  if (outcome == Outcome::ok) result.status = 200;
  if (outcome == Outcome::bad_status) result.status = 503;
  result.bytes = 1536;
  result.end = time;
  return result;
}

TEST(FetchLine, HasStatusSizeTimeAndUrl) {
  EXPECT_EQ(fetch_line(result_of("h/a", Outcome::ok, milliseconds(512)), 0),
            "200            1.50 KiB    512 ms  http://h/a");
  EXPECT_THAT(fetch_line(result_of("h/a", Outcome::bad_status, milliseconds(1)), 0), testing::StartsWith("503 "));
}

TEST(FetchLine, SaysWhatWentWrong) {
  FetchResult result = result_of("h/a", Outcome::timeout, milliseconds(1000));
  result.detail = "in the body after 1536 bytes";
  result.redirects = 1;
  EXPECT_EQ(fetch_line(result, 0),
            "timeout        1.50 KiB    1.00 s  http://h/a  (in the body after 1536 bytes; 1 redirect)");
}

TEST(FetchLine, FitsATerminal) {
  FetchResult result = result_of("h/" + std::string(200, 'x'), Outcome::ok, milliseconds(1));
  EXPECT_THAT(fetch_line(result, 80), SizeIs(80 + 2));  // the sign takes three bytes and one column
  result.detail = "why";
  const std::string line = fetch_line(result, 80);
  EXPECT_THAT(line, testing::EndsWith("x…  (why)"));
  EXPECT_THAT(line, SizeIs(80 + 2));
  result.detail = std::string(200, 'y');
  EXPECT_THAT(fetch_line(result, 80), SizeIs(testing::Le(80 + 4)));
  EXPECT_THAT(fetch_line(result, 5), SizeIs(testing::Le(5 + 2)));
}

TEST(FetchLine, CannotSteerATerminal) {
  FetchResult result = result_of("h/a", Outcome::bad_redirect, milliseconds(1));
  result.detail = "\x1b[2J\n\xff";
  EXPECT_THAT(fetch_line(result, 0), testing::EndsWith("  (\\x1b[2J\\x0a\\xff)"));
}

TEST(FetchSummary, SetsTheTotalBesideTheSum) {
  FetchSummary summary;
  for (int i = 1; i <= 20; ++i) summary.add(result_of("h/" + std::to_string(i), Outcome::ok, milliseconds(100 * i)));
  const std::string text = summary.text(milliseconds(2000), 0);
  EXPECT_THAT(text, HasSubstr("20 fetches in 2.00 s: 20 ok, 0 failed, 30.0 KiB\n"));
  EXPECT_THAT(text, HasSubstr("one after the other: at most 21.0 s, 10.5 times as long\n"));
  EXPECT_THAT(text, HasSubstr("slowest: 2.00 s, http://h/20\n"));
  EXPECT_THAT(text, Not(HasSubstr("interrupted")));
}

TEST(FetchSummary, CountsFailuresByKind) {
  FetchSummary summary;
  summary.add(result_of("h/1", Outcome::refused, milliseconds(1)));
  summary.add(result_of("h/2", Outcome::bad_status, milliseconds(1)));
  summary.add(result_of("h/3", Outcome::refused, milliseconds(1)));
  EXPECT_EQ(summary.failed(), 3u);
  EXPECT_THAT(summary.text(milliseconds(1), 7), HasSubstr("failed: 1 bad_status, 2 refused\n"));
  EXPECT_THAT(summary.text(milliseconds(1), 7), HasSubstr("interrupted: 7 fetches not begun\n"));
}

TEST(ResultLine, IsAJsonObjectWithNullForWhatWasNotReached) {
  FetchResult result = result_of("h/a", Outcome::dns_failed, milliseconds(3));
  result.detail = "\x01\xff";
  const std::string text = result_line(result);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const boost::json::object line = boost::json::parse(text).as_object();
  EXPECT_EQ(line.at("url"), "http://h/a");
  EXPECT_EQ(line.at("outcome"), "dns_failed");
  EXPECT_EQ(line.at("detail"), "\\x01\\xff");
  EXPECT_TRUE(line.at("status").is_null());
  EXPECT_TRUE(line.at("connect_ms").is_null());
  EXPECT_TRUE(line.at("file").is_null());
  EXPECT_EQ(line.at("end_ms"), 3.0);
}

TEST(ResultLine, HasTheTimesOfEachStep) {
  FetchResult result = result_of("h/a", Outcome::ok, milliseconds(30));
  result.dns = milliseconds(1);
  result.connect = milliseconds(2);
  result.tls = milliseconds(3);
  result.first_byte = std::chrono::microseconds(4500);
  const boost::json::object line = boost::json::parse(result_line(result)).as_object();
  EXPECT_EQ(line.at("dns_ms"), 1.0);
  EXPECT_EQ(line.at("connect_ms"), 2.0);
  EXPECT_EQ(line.at("tls_ms"), 3.0);
  EXPECT_EQ(line.at("first_byte_ms"), 4.5);
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("bytes"), 1536);
}

}  // namespace
}  // namespace weir::load
