#include "common/build_info.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string_view>

namespace weir {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(BuildInfo, SaysWhatItWasBuiltFromAndWith) {
  const std::array libraries{Library{"One", "1.2"}, Library{"Two", ""}};
  EXPECT_THAT(build_info("abc123", libraries, "Release"),
              StartsWith("commit     abc123\ncompiler   " + compiler() + "\nbuild      Release\n"));
  EXPECT_THAT(build_info("abc123", libraries, "Release"),
              ::testing::EndsWith("libraries  One 1.2\n           Two unknown\n"));
}

TEST(BuildInfo, WhoKnowsNoCommitSaysSo) {
  EXPECT_THAT(build_info("", {}, "Debug"), StartsWith("commit     unknown\n"));
}

TEST(BuildInfo, KnowsTheVersionOfEachLibrary) {
  constexpr std::array<std::string_view, 10> kAll{"Boost",      "c-ares",  "CLI11",          "fmt",    "libedit",
                                                  "libsystemd", "OpenSSL", "prometheus-cpp", "spdlog", "yaml-cpp"};
  const std::string text = build_info("", kAll);
  for (const std::string_view name : kAll) {
    EXPECT_THAT(text, ::testing::ContainsRegex(std::string(name) + " [0-9]+")) << name;
  }
}

TEST(BuildInfo, NamesCompilerAndFeatures) {
  EXPECT_THAT(compiler(), ::testing::MatchesRegex("(g\\+\\+|clang) [0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(features(), ::testing::AnyOf(StartsWith("epoll"), StartsWith("io_uring")));
  EXPECT_THAT(features(), HasSubstr("assertions"));
}

}  // namespace
}  // namespace weir
