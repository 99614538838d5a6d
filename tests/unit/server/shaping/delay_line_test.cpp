#include "server/shaping/delay_line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const DelayLine::Time kNow = io::Clock::now();

TEST(DelayLine, GivesBackWhatItGotInOrder) {
  DelayLine line;
  line.push(bytes("one"), kNow + milliseconds(1));
  line.push(bytes("two"), kNow + milliseconds(2));
  EXPECT_EQ(line.release(), kNow + milliseconds(1));
  EXPECT_EQ(text(line.front()), "one");
  line.pop(2);
  EXPECT_EQ(text(line.front()), "e");
  line.pop(1);
  EXPECT_EQ(text(line.front()), "two");
  EXPECT_EQ(line.release(), kNow + milliseconds(2));
  line.pop(3);
  EXPECT_TRUE(line.empty());
}

TEST(DelayLine, NothingOvertakes) {
  DelayLine line;
  line.push(bytes("one"), kNow + milliseconds(10));
  line.push(bytes("two"), kNow + milliseconds(2));
  line.pop(3);
  EXPECT_EQ(line.release(), kNow + milliseconds(10));
  line.pop(3);
  line.push(bytes("three"), kNow);
  EXPECT_EQ(line.release(), kNow + milliseconds(10)) << "although what was before it has gone";
}

TEST(DelayLine, ItsRoomEndsAndComesBack) {
  DelayLine line;
  const std::vector<std::byte> some(64 * 1024);
  std::size_t held = 0;
  while (line.room() >= some.size()) {
    line.push(some, kNow);
    held += some.size();
  }
  EXPECT_GT(held, DelayLine::kMost - 2 * (some.size() + DelayLine::kPiece));
  EXPECT_LE(held, DelayLine::kMost);
  line.pop(some.size());
  EXPECT_GE(line.room(), some.size());
}

/// Pieces of a byte each cost more than a byte.
TEST(DelayLine, SmallPiecesAreBoundedAsWell) {
  DelayLine line;
  std::size_t pieces = 0;
  while (line.room() > 0) {
    line.push(bytes("x"), kNow);
    ++pieces;
  }
  EXPECT_LE(pieces, DelayLine::kMost / DelayLine::kPiece);
}

TEST(DelayLine, ReleasesAllAtOnce) {
  DelayLine line;
  line.push(bytes("one"), kNow + milliseconds(10));
  line.push(bytes("two"), kNow + milliseconds(20));
  line.release_all(kNow);
  line.pop(3);
  EXPECT_EQ(line.release(), kNow);
  EXPECT_EQ(line.last_release(), kNow);
}

}  // namespace
}  // namespace weir
