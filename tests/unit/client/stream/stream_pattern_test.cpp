#include "client/stream/stream_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::load {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kStart = Pattern::kPeriod - 10;  // the period ends early on

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// The stream's bytes, in pieces that a slice may be short of.
std::string stream_bytes(std::uint64_t position, std::size_t length) {
  const StreamPattern pattern(kStart);
  std::string text;
  while (text.size() < length)
    text += pattern.copy(position + text.size(), std::min<std::size_t>(length - text.size(), 999));
  return text;
}

TEST(StreamPattern, RepeatsWithItsPeriodAndNotBefore) {
  EXPECT_EQ(stream_bytes(0, 5000), stream_bytes(Pattern::kPeriod, 5000));
  EXPECT_NE(stream_bytes(0, 64), stream_bytes(64 * 1024, 64));
}

TEST(PatternChecker, FindsEveryByteRightWhateverThePieces) {
  const std::string sent = stream_bytes(0, 3'000'000);
  PatternChecker checker(kStart);
  std::size_t piece = 1;
  for (std::size_t at = 0; at < sent.size(); at += piece, piece = piece * 3 % 200'003 + 1) {
    // The length of this step is what the next one continues from.
    const std::string part = sent.substr(at, piece);
    checker.take(bytes_of(part));
  }
  EXPECT_EQ(checker.right(), sent.size());
  EXPECT_FALSE(checker.differs());
}

void expect_told(const std::string& received, std::uint64_t offset, Failure kind, std::uint64_t amount) {
  PatternChecker checker(kStart);
  checker.take(bytes_of(received));
  ASSERT_TRUE(checker.differs());
  std::uint64_t told = 0;
  const WrongReply wrong = checker.explain(3, told);
  // A byte that was lost may be followed by one that looks like it.
  EXPECT_GE(wrong.offset, offset);
  EXPECT_LE(wrong.offset, offset + 2);
  EXPECT_EQ(wrong.kind, kind);
  EXPECT_EQ(told, amount);
  EXPECT_EQ(wrong.connection, 3U);
  EXPECT_THAT(wrong.text, HasSubstr("byte " + std::to_string(wrong.offset) + " of stream 3"));
  EXPECT_EQ(wrong.expected, stream_bytes(wrong.excerpt_at, WrongReply::kExcerpt));
  EXPECT_EQ(wrong.received, received.substr(static_cast<std::size_t>(wrong.excerpt_at), WrongReply::kExcerpt));
  EXPECT_NE(wrong.expected, wrong.received);
}

TEST(PatternChecker, TellsACorruptByte) {
  std::string received = stream_bytes(0, 2000);
  received[1000] = static_cast<char>(received[1000] ^ 1);
  expect_told(received, 1000, Failure::corrupt, 0);
}

TEST(PatternChecker, TellsACorruptFirstByte) {
  std::string received = stream_bytes(0, 200);
  received[0] = static_cast<char>(received[0] ^ 0x80);
  expect_told(received, 0, Failure::corrupt, 0);
}

TEST(PatternChecker, TellsLostBytes) {
  expect_told(stream_bytes(0, 1000) + stream_bytes(1017, 1000), 1000, Failure::lost, 17);
  expect_told(stream_bytes(0, 1000) + stream_bytes(1000 + 65'536, 1000), 1000, Failure::lost, 65'536);
  expect_told(stream_bytes(5, 1000), 0, Failure::lost, 5);
}

TEST(PatternChecker, TellsBytesThatCameTwice) {
  expect_told(stream_bytes(0, 1000) + stream_bytes(900, 1000), 1000, Failure::duplicated, 100);
  expect_told(stream_bytes(0, 200'000) + stream_bytes(100'000, 1000), 200'000, Failure::duplicated, 100'000);
}

TEST(PatternChecker, TellsBytesOfElsewhereOnlyAsCorrupt) {
  expect_told(stream_bytes(0, 1000) + std::string(100, 'x'), 1000, Failure::corrupt, 0);
}

TEST(PatternChecker, KeepsABoundedPartOfWhatFollows) {
  PatternChecker checker(kStart);
  const std::string wrong(100'000, '\0');
  for (int i = 0; i < 3; ++i) checker.take(bytes_of(wrong));
  EXPECT_EQ(checker.kept().size(), PatternChecker::kKept);
}

TEST(WrongSentence, IsRightInTheSingularToo) {
  EXPECT_EQ(wrong_sentence(Failure::lost, 1, 5, 0), "1 byte lost at byte 5 of stream 0");
  EXPECT_EQ(wrong_sentence(Failure::duplicated, 2, 5, 0), "2 bytes came twice at byte 5 of stream 0");
  EXPECT_EQ(wrong_sentence(Failure::cut_short, 1, 5, 0), "the last byte never came: it ended at byte 5 of stream 0");
  EXPECT_EQ(wrong_sentence(Failure::cut_short, 3, 5, 0), "the last 3 bytes never came: it ended at byte 5 of stream 0");
}

}  // namespace
}  // namespace weir::load
