#include "client/stream/stream_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::load {
namespace {

using testing::HasSubstr;

const StreamPreamble kPreamble{Direction::both, 0, 0xabc, 2};

std::string sent_by(bool client, std::uint64_t position, std::size_t length) {
  return StreamPattern(stream_start(kPreamble.run, kPreamble.stream, client)).copy(position, length);
}

void take(StreamAnswer& answer, const std::string& text) { answer.take(std::as_bytes(std::span(text))); }

std::string result_line(std::uint64_t sent) {
  StreamResult result;
  result.received = 1234;
  result.sent = sent;
  return result.line();
}

TEST(StreamAnswer, IsSilentBeforeTheFirstByte) {
  const StreamAnswer answer(kPreamble);
  EXPECT_FALSE(answer.began());
  EXPECT_EQ(answer.far_end(), FarEnd::silent);
}

TEST(StreamAnswer, KnowsAnEchoByItsFirstLine) {
  StreamAnswer answer(kPreamble);
  take(answer, kPreamble.client_line() + sent_by(true, 0, 1000));
  EXPECT_EQ(answer.far_end(), FarEnd::echo);
  EXPECT_EQ(answer.received(), 1000U);
  EXPECT_FALSE(answer.differs());
}

TEST(StreamAnswer, KnowsServeByteForByte) {
  StreamAnswer answer(kPreamble);
  for (const char byte : kPreamble.server_line() + sent_by(false, 0, 1000) + result_line(1000)) {
    take(answer, std::string(1, byte));
  }
  EXPECT_EQ(answer.far_end(), FarEnd::serve);
  EXPECT_TRUE(answer.differs());
  EXPECT_TRUE(answer.settled());
  answer.conclude();
  ASSERT_TRUE(answer.result());
  EXPECT_EQ(answer.result()->received, 1234U);
  EXPECT_EQ(answer.received(), 1000U);
  EXPECT_FALSE(answer.wrong());
}

TEST(StreamAnswer, FindsAResultThatBeginsLikeThePattern) {
  // Somewhere in the first million bytes the pattern has the letter that the line begins with.
  const std::string pattern = sent_by(false, 0, 65'536);
  const std::size_t same = pattern.find('W');
  ASSERT_NE(same, std::string::npos);
  StreamAnswer answer(kPreamble);
  take(answer, kPreamble.server_line() + pattern.substr(0, same) + result_line(same));
  answer.conclude();
  ASSERT_TRUE(answer.result());
  EXPECT_EQ(answer.received(), same);
}

TEST(StreamAnswer, AResultOfAnotherPlaceIsWrong) {
  StreamAnswer answer(kPreamble);
  take(answer, kPreamble.server_line() + sent_by(false, 0, 100) + result_line(101));
  EXPECT_TRUE(answer.differs());
  answer.conclude();
  EXPECT_FALSE(answer.result());
  ASSERT_TRUE(answer.wrong());
  EXPECT_EQ(answer.wrong()->offset, 100U);
}

TEST(StreamAnswer, AResultOfAnEchoIsWrong) {
  StreamAnswer answer(kPreamble);
  take(answer, kPreamble.client_line() + result_line(0));
  answer.conclude();
  EXPECT_FALSE(answer.result());
  EXPECT_TRUE(answer.wrong());
}

TEST(StreamAnswer, WaitsForEnoughToTellWhatHappened) {
  StreamAnswer answer(kPreamble);
  take(answer, kPreamble.client_line() + sent_by(true, 0, 100) + sent_by(true, 110, 20));
  EXPECT_TRUE(answer.differs());
  EXPECT_FALSE(answer.settled());
  take(answer, sent_by(true, 130, 100));
  EXPECT_TRUE(answer.settled());
  answer.conclude();
  ASSERT_TRUE(answer.wrong());
  EXPECT_EQ(answer.wrong()->kind, Failure::lost);
  EXPECT_EQ(answer.wrong()->text, "10 bytes lost at byte 100 of stream 2");
}

TEST(StreamAnswer, NamesATargetThatIsSomethingElse) {
  StreamAnswer answer(kPreamble);
  take(answer, "SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_TRUE(answer.differs());
  EXPECT_FALSE(answer.settled());
  answer.conclude();
  ASSERT_TRUE(answer.wrong());
  EXPECT_EQ(answer.wrong()->kind, Failure::foreign);
  EXPECT_THAT(answer.wrong()->text, HasSubstr("\"SSH-2.0-OpenSSH_9.2\\x0d\\x0a\""));
}

TEST(StreamAnswer, ADamagedFirstLineIsCorrupt) {
  std::string line = kPreamble.client_line();
  line[30] = static_cast<char>(line[30] ^ 1);
  StreamAnswer answer(kPreamble);
  take(answer, line + sent_by(true, 0, 100));
  ASSERT_TRUE(answer.settled());
  answer.conclude();
  ASSERT_TRUE(answer.wrong());
  EXPECT_EQ(answer.wrong()->kind, Failure::corrupt);
}

}  // namespace
}  // namespace weir::load
