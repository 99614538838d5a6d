#include "server/control/expected_answer.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Status = ExpectedAnswer::Status;

/// What comes of an answer in pieces of so many bytes.
Status in_pieces(const std::string& expected, const std::string& answer, std::size_t size) {
  ExpectedAnswer wanted(expected);
  for (std::size_t at = 0; at < answer.size(); at += size) wanted.take(std::string_view(answer).substr(at, size));
  return wanted.status();
}

TEST(ExpectedAnswer, NothingExpectedIsThereAtOnce) { EXPECT_EQ(ExpectedAnswer("").status(), Status::found); }

TEST(ExpectedAnswer, IsFoundAnywhereHoweverItIsCut) {
  const std::string answer = "220 ready\r\n+PO+PONG\r\n";
  for (std::size_t size = 1; size <= answer.size(); ++size) {
    EXPECT_EQ(in_pieces("+PONG", answer, size), Status::found) << size;
    EXPECT_EQ(in_pieces("220", answer, size), Status::found) << size;
    EXPECT_EQ(in_pieces("G\r\n", answer, size), Status::found) << size;
    EXPECT_EQ(in_pieces("+PING", answer, size), Status::awaited) << size;
  }
}

TEST(ExpectedAnswer, IsLookedForInTheFirst64KiBAndNotBehind) {
  const std::string within = std::string(ExpectedAnswer::kLongest - 5, '.') + "+PONG";
  for (const std::size_t size : {1u, 7u, 4096u, 5000u, 100'000u}) {
    EXPECT_EQ(in_pieces("+PONG", within, size), Status::found) << size;
    EXPECT_EQ(in_pieces("+PONG", "." + within, size), Status::missing) << size;
    EXPECT_EQ(in_pieces("+PING", within.substr(1), size), Status::awaited) << size;
  }
}

TEST(ExpectedAnswer, StaysWhatItWasOnceItIsKnown) {
  ExpectedAnswer found("A");
  EXPECT_EQ(found.take("A"), Status::found);
  EXPECT_EQ(found.take(std::string(ExpectedAnswer::kLongest, '.')), Status::found);
  EXPECT_EQ(found.text(), "A");
  ExpectedAnswer missing("A");
  EXPECT_EQ(missing.take(std::string(ExpectedAnswer::kLongest, '.')), Status::missing);
  EXPECT_EQ(missing.take("A"), Status::missing);
}

}  // namespace
}  // namespace weir
