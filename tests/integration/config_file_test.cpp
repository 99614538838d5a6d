#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/support/configs.hpp"
#include "tests/support/process.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/temp_dir.hpp"

/// Configuration files as their author meets them: each mistake is exit status 2 with its place.
namespace weir::test {
namespace {

using testing::HasSubstr;

class ConfigFile : public testing::Test {
 protected:
  Finished check(const std::string& text) { return run("weir", {"check", "-c", dir_.write("weir.yaml", text)}); }
  Finished check_path(const std::string& path) { return run("weir", {"check", "-c", path}); }

  /// Exactly one line on stderr: the place, the key and a text in which the words occur.
  void expect_problem(const std::string& text, const std::string& place_and_key, const std::string& words) {
    const Finished finished = check(text);
    EXPECT_EQ(finished.exit, 2) << text;
    const std::vector<std::string> lines = lines_of(finished.err);
    ASSERT_EQ(lines.size(), 1u) << finished.err;
    EXPECT_EQ(lines[0].find(dir_.file("weir.yaml") + ":" + place_and_key + ": "), 0u) << lines[0];
    EXPECT_THAT(lines[0], HasSubstr(words));
  }

  TempDir dir_;
};

TEST_F(ConfigFile, GoodFilePassesTheCheck) {
  const Finished finished = check(proxy_config({"127.0.0.1:5432"}));
  EXPECT_EQ(finished.exit, 0) << finished.err;
}

TEST_F(ConfigFile, MissingFileDirectoryAndPathThroughAFileAreBadConfiguration) {
  const std::string file = dir_.write("file", "workers: 1");
  for (const std::string& path : {dir_.file("missing.yaml"), dir_.path().string(), file + "/weir.yaml"}) {
    for (const char* verb : {"check", "config", "run"}) {
      const Finished finished = run("weir", {verb, "-c", path});
      EXPECT_EQ(finished.exit, 2) << verb << " " << path;
      EXPECT_THAT(finished.err, HasSubstr(path));
    }
  }
}

TEST_F(ConfigFile, UnreadableFileIsBadConfiguration) {
  // The directory is its owner's alone, and so closed to `nobody`; root is refused nothing.
  const std::string path = dir_.write("weir.yaml", echo_config());
  constexpr uid_t kNobody = 65534;
  Process::Options options;
  if (::geteuid() == 0) options.user = kNobody;
  if (::geteuid() != 0) std::filesystem::permissions(path, std::filesystem::perms::none);
  const Finished finished = run("weir", {"check", "-c", path}, options);
  EXPECT_EQ(finished.exit, 2) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr(path));
}

TEST_F(ConfigFile, EmptyFileNoiseAndAnAliasBombAreBadConfiguration) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int copy = 1; copy < 10; ++copy) bomb += ", " + before;
    bomb += "]\n";
  }
  const std::string deep = "listeners: " + std::string(200000, '[');
  const std::vector<std::string> texts{"",   "\n# only a comment\n",     "just a word", random_bytes(10 << 20),
                                       bomb, std::string(10 << 20, 'a'), deep,          std::string(1 << 20, '\0')};
  for (const std::string& text : texts) {
    const Finished finished = check(text);
    EXPECT_EQ(finished.exit, 2) << text.substr(0, 60);
    EXPECT_THAT(finished.err, HasSubstr(dir_.file("weir.yaml")));
    EXPECT_LT(finished.err.size(), 20000u) << "one must be able to read it";
  }
}

TEST_F(ConfigFile, PortThatDoesNotExistIsNamedAtItsPlace) {
  expect_problem("listeners:\n  - name: echo\n    bind: 127.0.0.1:70000\n    echo: {}\n", "3:11: listeners.echo.bind",
                 "65535");
}

TEST_F(ConfigFile, NegativeDurationIsNamedAtItsPlace) {
  expect_problem(echo_config() + "drain_timeout: -5s\n", "2:16: drain_timeout", "-5s");
}

TEST_F(ConfigFile, UnknownKeyIsNamedWithTheNearestKnownOne) {
  expect_problem(echo_config() + "wrokers: 2\n", "2:1: wrokers", "workers");
}

TEST_F(ConfigFile, DuplicateKeyIsAMistake) {
  expect_problem(echo_config() + "workers: 2\nworkers: 3\n", "3:1: workers", "2");
}

TEST_F(ConfigFile, UnknownUpstreamIsNamedAtItsPlace) {
  expect_problem("listeners: [{name: a, bind: ':0', proxy: {upstream: nowhere}}]\n", "1:53: listeners.a.proxy.upstream",
                 "nowhere");
}

TEST_F(ConfigFile, EachMistakeHasItsOwnLine) {
  const Finished finished = check(
      "wrokers: 2\n"
      "drain_timeout: soon\n"
      "listeners: [{name: a, bind: 127.0.0.1:99999, echo: {}}]\n");
  EXPECT_EQ(finished.exit, 2);
  const std::vector<std::string> lines = lines_of(finished.err);
  EXPECT_EQ(lines.size(), 3u) << finished.err;
  const std::regex problem(R"(^/[^:]+:[1-3]:\d+: [\w.\[\]]+: .+)");
  for (const std::string& line : lines) EXPECT_TRUE(std::regex_search(line, problem)) << line;
}

TEST_F(ConfigFile, EffectiveConfigurationLoadsAgainAndIsItsOwnEffect) {
  const std::string path = dir_.write("weir.yaml", proxy_config({"127.0.0.1:5432", "unix:/run/x.sock"}));
  const Finished first = run("weir", {"config", "-c", path});
  ASSERT_EQ(first.exit, 0) << first.err;
  for (const char* text :
       {"drain_timeout: 30s", "half_close: 30s", "attempts: 3", "127.0.0.1:5432", "unix:/run/x.sock"}) {
    EXPECT_THAT(first.out, HasSubstr(text));
  }
  const Finished second = run("weir", {"config", "-c", dir_.write("effective.yaml", first.out)});
  EXPECT_EQ(second.exit, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
}

}  // namespace
}  // namespace weir::test
