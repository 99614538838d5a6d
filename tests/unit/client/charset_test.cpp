#include "client/charset.hpp"

#include <gtest/gtest.h>

#include <set>

#include "client/report/numbers.hpp"

namespace weir::load {
namespace {

TEST(Charset, ALocaleSaysInItsNameWhetherItIsUtf8) {
  for (const char* name : {"C.UTF-8", "en_US.utf8", "de_DE.UTF-8@euro"}) EXPECT_TRUE(is_utf8_locale(name)) << name;
  for (const char* name : {"C", "POSIX", "", "en_US", "de_DE.ISO-8859-1"}) EXPECT_FALSE(is_utf8_locale(name)) << name;
}

TEST(Charset, WhatIsDrawnIsAsciiOfTheSameWidth) {
  EXPECT_EQ(drawn_in_ascii("▕██▌  ▏  1 s, p99 ▁▂▃▄▅▆▇█"), "|###  |  1 s, p99 _.:-=+*#");
  EXPECT_EQ(drawn_in_ascii("http://host/pa…"), "http://host/pa~");
}

TEST(Charset, EachHeightOfACurveHasALookOfItsOwn) {
  const std::string heights = drawn_in_ascii("▁▂▃▄▅▆▇█");
  EXPECT_EQ(std::set<char>(heights.begin(), heights.end()).size(), 8u);
}

TEST(Charset, NoBarNeedsMoreThanAscii) {
  for (int eighths = 0; eighths <= 32; ++eighths) {
    const std::string drawn = drawn_in_ascii(bar(eighths / 32.0, 4));
    EXPECT_EQ(drawn.size(), 4u);
    for (const char c : drawn) EXPECT_GE(c, ' ') << drawn;
  }
}

TEST(Charset, AllElseStaysAsItIs) {
  for (const char* text : {"", "plain\n\ttext", "Grüße, 世界", "\xff\x80", "\xe2\x96"}) {
    EXPECT_EQ(drawn_in_ascii(text), text);
  }
}

}  // namespace
}  // namespace weir::load
