#include "client/command_line/export_options.hpp"

#include <gmock/gmock.h>

#include "client/command_line/command_line.hpp"

namespace weir::load {
namespace {

Command parse(const std::vector<std::string>& arguments) { return parse_command_line(arguments); }

std::string refused(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(ExportOptions, OfEchoConnectAndMergeNameTheirFiles) {
  for (const char* verb : {"echo", "connect"}) {
    const auto options = std::get<LoadOptions>(parse({verb, "--csv", "a.csv", "--hgrm", "-", "127.0.0.1:1"}));
    EXPECT_EQ(options.exports.csv, "a.csv");
    EXPECT_EQ(options.exports.hgrm, "-");
  }
  const auto options = std::get<MergeOptions>(parse({"merge", "a.json", "--hgrm", "a.hgrm", "--csv", "-"}));
  EXPECT_EQ(options.exports.hgrm, "a.hgrm");
  EXPECT_EQ(options.exports.csv, "-");
}

TEST(ExportOptions, MetricsHaveAnAddressToListenOn) {
  const auto options = std::get<LoadOptions>(parse({"echo", "--prometheus", ":9100", "127.0.0.1:1"}));
  ASSERT_TRUE(options.prometheus);
  EXPECT_EQ(options.prometheus->to_string(), ":9100");
  EXPECT_TRUE(
      std::get<LoadOptions>(parse({"connect", "--prometheus", "unix:/run/x", "127.0.0.1:1"})).prometheus->is_unix());
  EXPECT_FALSE(std::get<LoadOptions>(parse({"echo", "127.0.0.1:1"})).prometheus);
  EXPECT_THAT(refused({"echo", "--prometheus", "fd:metrics", "127.0.0.1:1"}), testing::HasSubstr("--prometheus"));
  EXPECT_THAT(refused({"echo", "--prometheus", "9100", "127.0.0.1:1"}), testing::HasSubstr("--prometheus"));
}

TEST(ExportOptions, TwoToStdoutOrToOneFileAreRefused) {
  for (const char* verb : {"echo", "connect", "merge"}) {
    EXPECT_THAT(refused({verb, "--csv", "-", "--json", "-", "127.0.0.1:1"}),
                testing::HasSubstr("--json and --csv cannot both be stdout"));
    EXPECT_THAT(refused({verb, "--csv", "-", "--hgrm", "-", "127.0.0.1:1"}),
                testing::HasSubstr("--csv and --hgrm cannot both be stdout"));
    EXPECT_THAT(refused({verb, "--json", "x", "--hgrm", "x", "127.0.0.1:1"}),
                testing::HasSubstr("--json and --hgrm cannot both be x"));
  }
}

}  // namespace
}  // namespace weir::load
