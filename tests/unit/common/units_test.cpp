#include "common/units.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string duration_problem(std::string_view text) {
  try {
    return "accepted: " + format_duration(parse_duration(text));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Units, DurationsAreReadInEveryUnit) {
  EXPECT_EQ(parse_duration("0"), 0us);
  EXPECT_EQ(parse_duration("0s"), 0us);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.000001s"), 1us);
  EXPECT_EQ(parse_duration("0.25h"), 15min);
  EXPECT_EQ(parse_duration("87600h"), kLongestDuration);
}

TEST(Units, DurationThatIsWrongSaysWhatWouldBeRight) {
  EXPECT_EQ(duration_problem("-5s"), "\"-5s\" is negative; write a duration as 250ms, 5s, 10m or 1h");
  EXPECT_EQ(duration_problem("5"), "\"5\" has no unit; write a duration as 250ms, 5s, 10m or 1h");
  EXPECT_EQ(duration_problem("5 parsecs"),
            "\"5 parsecs\" has the unknown unit \"parsecs\"; write a duration as 250ms, 5s, 10m or 1h");
  EXPECT_THAT(duration_problem("soon"), HasSubstr("is not a duration"));
  EXPECT_THAT(duration_problem(""), HasSubstr("is empty"));
  EXPECT_THAT(duration_problem("1.s"), HasSubstr("is not a duration"));
  EXPECT_EQ(duration_problem("0.000000000s"), "accepted: 0s");
  EXPECT_THAT(duration_problem("0.0000000000s"), HasSubstr("is not a duration"));
  EXPECT_THAT(duration_problem("1e3s"), HasSubstr("unknown unit"));
  EXPECT_THAT(duration_problem("0.5us"), HasSubstr("finer than a microsecond"));
  EXPECT_THAT(duration_problem("0.0000001s"), HasSubstr("finer than a microsecond"));
  EXPECT_THAT(duration_problem("87601h"), HasSubstr("longer than ten years"));
  EXPECT_THAT(duration_problem("87600.5h"), HasSubstr("longer than ten years"));
  EXPECT_THAT(duration_problem("9999999999999999999h"), HasSubstr("longer than ten years"));
  EXPECT_THAT(duration_problem("99999999999999999999999s"), HasSubstr("is not a duration"));
}

TEST(Units, FormattedDurationIsReadBackToTheSameValue) {
  EXPECT_EQ(format_duration(0us), "0s");
  EXPECT_EQ(format_duration(30s), "30s");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(600s), "10m");
  EXPECT_EQ(format_duration(24h), "24h");
  for (const std::chrono::microseconds duration : {1us, 999us, 1001us, 59999ms + 0us, 61s + 0us, 36h + 1us}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
}

TEST(Units, SizesAreBinaryInEveryCase) {
  EXPECT_EQ(parse_size("64"), 64u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("64k"), 65536u);
  EXPECT_EQ(parse_size("64kB"), 65536u);
  EXPECT_EQ(parse_size("1.5MiB"), 1572864u);
  EXPECT_EQ(parse_size("2GiB"), 2147483648u);
  EXPECT_THROW(parse_size("-1"), std::invalid_argument);
  EXPECT_THROW(parse_size("1.5"), std::invalid_argument);
  EXPECT_THROW(parse_size("1 furlong"), std::invalid_argument);
  EXPECT_THROW(parse_size("9999999999TiB"), std::invalid_argument);
}

TEST(Units, CountsAreDecimal) {
  EXPECT_EQ(parse_count("0"), 0u);
  EXPECT_EQ(parse_count("10k"), 10000u);
  EXPECT_EQ(parse_count("1.5M"), 1500000u);
  EXPECT_THROW(parse_count("10s"), std::invalid_argument);
  EXPECT_THROW(parse_count(""), std::invalid_argument);
}

TEST(Units, DurationsOfReportsHaveThreeDigits) {
  EXPECT_EQ(display_duration(512ns), "512 ns");
  EXPECT_EQ(display_duration(843us), "843 us");
  EXPECT_EQ(display_duration(1520us), "1.52 ms");
  EXPECT_EQ(display_duration(12s), "12.0 s");
  EXPECT_EQ(display_duration(999600ns), "1.00 ms");
  EXPECT_EQ(display_duration(9999us), "10.0 ms");
  EXPECT_EQ(display_duration(1230s), "20.5 min");
  EXPECT_EQ(display_duration(0ns), "0 ns");
}

TEST(Units, SizesOfReportsHaveThreeDigits) {
  EXPECT_EQ(display_size(512), "512 B");
  EXPECT_EQ(display_size(1023), "1023 B");
  EXPECT_EQ(display_size(1536), "1.50 KiB");
  EXPECT_EQ(display_size(2ull << 30), "2.00 GiB");
  EXPECT_EQ(display_size((1ull << 20) - 1), "1.00 MiB");
}

TEST(Units, RatesAreReadAndWritten) {
  for (const char* text : {"0", "1/s", "100/s", "30/m", "10/h", "1000000000/s"}) {
    EXPECT_EQ(format_rate(parse_rate(text)), text);
  }
  EXPECT_EQ(format_rate(parse_rate("5k/s")), "5000/s");
  for (const char* wrong : {"", "5", "/s", "5/", "5/d", "-5/s", "1.5/s", "5 /s/s", "2000m/s", "5/ s"}) {
    EXPECT_THROW(parse_rate(wrong), std::invalid_argument) << wrong;
  }
}

TEST(Units, RatesOfBytesCountAsNetworksDo) {
  EXPECT_EQ(parse_byte_rate("0"), 0u);
  EXPECT_EQ(parse_byte_rate("0B/s"), 0u);
  EXPECT_EQ(parse_byte_rate("512/s"), 512u);
  EXPECT_EQ(parse_byte_rate("100KB/s"), 100'000u);
  EXPECT_EQ(parse_byte_rate("100KiB/s"), 102'400u);
  EXPECT_EQ(parse_byte_rate("10m/s"), 10'000'000u);
  EXPECT_EQ(parse_byte_rate("1MiB/s"), 1u << 20);
  EXPECT_EQ(parse_byte_rate("1.5 gb/s"), 1'500'000'000u);
  EXPECT_EQ(parse_byte_rate("1000GB/s"), kFastestByteRate);
}

TEST(Units, RateOfBytesThatIsWrongSaysWhatWouldBeRight) {
  const auto problem = [](std::string_view text) {
    try {
      parse_byte_rate(text);
      return std::string();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(problem("100KB"), "\"100KB\" is not a rate of bytes; write bytes a second as 100KB/s or 1MiB/s");
  EXPECT_THAT(problem("5"), HasSubstr("write bytes a second"));
  EXPECT_THAT(problem(""), HasSubstr("write bytes a second"));
  EXPECT_THAT(problem("/s"), HasSubstr("is not a number"));
  EXPECT_THAT(problem("8Mbit/s"), HasSubstr("has the unknown unit \"Mbit\"; write bytes a second"));
  EXPECT_THAT(problem("-1KB/s"), HasSubstr("is negative"));
  EXPECT_THAT(problem("0.5B/s"), HasSubstr("is not a whole number"));
  EXPECT_THAT(problem("1KB/m"), HasSubstr("is not a rate of bytes"));
  EXPECT_EQ(problem("1000.1GB/s"), "\"1000.1GB/s\" is too fast; 1000GB/s is the most");
}

TEST(Units, RatesOfBytesAndSizesAreWrittenAsTheyAreRead) {
  for (const char* text : {"0", "1B/s", "999B/s", "100KB/s", "100KiB/s", "1025B/s", "1500MB/s", "1MiB/s", "3GiB/s"}) {
    EXPECT_EQ(format_byte_rate(parse_byte_rate(text)), text);
  }
  for (const char* text : {"0", "1", "1000", "64KiB", "1025", "1MiB", "1536KiB", "1024TiB"}) {
    EXPECT_EQ(format_size(parse_size(text)), text);
  }
}

}  // namespace
}  // namespace weir
