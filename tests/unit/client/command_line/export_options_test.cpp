#include "client/command_line/export_options.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "client/command_line/command_line.hpp"
#include "tests/support/temp_dir.hpp"

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

TEST(ExportOptions, TwoNamesOfOneFileThatIsNotThereYetAreRefused) {
  const test::TempDir folder;
  std::filesystem::create_directory(folder.file("sub"));
  std::filesystem::create_symlink("sub", folder.file("link"));
  std::filesystem::create_symlink("sub/new", folder.file("hanging"));
  std::filesystem::create_symlink(folder.file("hanging"), folder.file("twice"));
  std::filesystem::create_symlink("loop", folder.file("loop"));
  const std::string there = std::filesystem::relative(folder.path()).string();
  const auto both = [&](const std::string& a, const std::string& b) {
    return refused({"echo", "--json", a, "--html", b, "127.0.0.1:1"});
  };
  for (const auto& [a, b] : {std::pair{folder.file("new"), folder.file("./new")},
                             {folder.file("new"), folder.file("sub/../new")},
                             {folder.file("new"), there + "/new"},
                             {folder.file("sub/new"), folder.file("link/new")},
                             {folder.file("sub/new"), folder.file("hanging")},
                             {folder.file("link/new"), folder.file("twice")}}) {
    EXPECT_THAT(both(a, b),
                testing::HasSubstr("--json and --html cannot both be " + b + ", which " + a + " is as well"));
    EXPECT_THAT(both(b, a), testing::HasSubstr("cannot both be"));
  }
  EXPECT_THAT(both("new.weir-load", "./new.weir-load"), testing::HasSubstr("cannot both be"));
  EXPECT_EQ(both(folder.file("new"), folder.file("sub/new")), "not refused");
  EXPECT_EQ(both(folder.file("new"), folder.file("hanging")), "not refused");
  EXPECT_EQ(both(folder.file("loop"), folder.file("new")), "not refused");
  EXPECT_EQ(both(folder.file("nowhere/new"), folder.file("sub/new")), "not refused");
}

TEST(ExportOptions, StdoutIsOneHoweverItIsCalled) {
  for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    EXPECT_THAT(refused({"connect", "--json", "-", "--csv", name, "127.0.0.1:1"}),
                testing::HasSubstr("--json and --csv cannot both be stdout"));
    EXPECT_EQ(refused({"connect", "--json", "new", "--csv", name, "127.0.0.1:1"}), "not refused");
  }
  EXPECT_EQ(refused({"merge", "--json", "/dev/null", "--csv", "/dev/../dev/null", "a.json"}), "not refused");
}

TEST(ExportOptions, NameThatIsNoneIsRefused) {
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"echo", "--json", "", "127.0.0.1:1"},
                                             {"connect", "--csv", "", "127.0.0.1:1"},
                                             {"stream", "--json", "", "127.0.0.1:1"},
                                             {"idle", "--json", "", "127.0.0.1:1"},
                                             {"capacity", "--html", "", "127.0.0.1:1"},
                                             {"merge", "--hgrm", "", "a.json"},
                                             {"compare", "--json", "", "a.json", "b.json"},
                                             {"report", "--html", "", "a.json"}}) {
    EXPECT_THAT(refused(line), testing::HasSubstr("needs a name, or - for stdout")) << line.front();
  }
}

TEST(ExportOptions, FileThatIsReadIsNotReplaced) {
  const test::TempDir folder;
  const std::string a = folder.write("a.json", "{}");
  const std::string b = folder.write("b.json", "{}");
  const std::string other = folder.file("./a.json");
  std::filesystem::create_symlink("a.json", folder.file("link"));
  EXPECT_THAT(refused({"compare", "--json", a, a, b}),
              testing::HasSubstr("--json " + a + " would replace " + a + ", which is to be read"));
  EXPECT_THAT(refused({"compare", "--html", b, "--before", a, "--after", b}), testing::HasSubstr("would replace"));
  EXPECT_THAT(refused({"merge", "--csv", folder.file("link"), b, a}), testing::HasSubstr("would replace " + a));
  EXPECT_THAT(refused({"report", "--html", a, other}), testing::HasSubstr("would replace " + other));
  EXPECT_THAT(refused({"merge", "--json", "new.json", "new.json"}), testing::HasSubstr("would replace new.json"));
  EXPECT_THAT(refused({"merge", "--json", a, "--csv", folder.file("link"), b}), testing::HasSubstr("cannot both be"));
  EXPECT_EQ(refused({"compare", "--json", "/dev/null", a, b}), "not refused");
  EXPECT_EQ(refused({"report", "--html", "/dev/null", "/dev/null"}), "not refused");
  EXPECT_EQ(refused({"merge", "--json", "-", "-"}), "not refused");
}

}  // namespace
}  // namespace weir::load
