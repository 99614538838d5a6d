#include "server/control/config_watch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <vector>

#include "server/config/config_loader.hpp"
#include "tests/support/no_descriptors.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using Compared = ConfigFiles::Compared;

const std::string kOne = "listeners: [{name: a, bind: '127.0.0.1:7000', echo: {}}]\n";
const std::string kOther = "listeners: [{name: a, bind: '127.0.0.1:7001', echo: {}}]\n";

class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() { load(); }

  void load() {
    try {
      files.load([&](std::vector<std::string>& named) { return load_config_file(path, {}, &named); });
    } catch (const ConfigError&) {
      ++refused;
    }
  }
  void begin() {
    watch.emplace(ConfigWatch::Parts{context, files, [this] { return obstacle; },
                                     [this](const std::string&) {
                                       ++reloads;
                                       load();
                                     },
                                     std::chrono::milliseconds(20)});
  }
  bool wait_until(std::predicate auto&& condition) {
    return test::wait_until([&] {
      context.restart();
      context.poll();
      return condition();
    });
  }

  const test::TempDir dir;
  const std::string path = dir.write("weir.yaml", kOne);
  ConfigFiles files{path};
  boost::asio::io_context context;
  std::string obstacle;
  int reloads = 0;
  int refused = 0;
  std::optional<ConfigWatch> watch;
};

TEST_F(ConfigWatchTest, AChangeIsReloaded) {
  begin();
  EXPECT_EQ(reloads, 0);
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(wait_until([&] { return reloads == 1; }));
  EXPECT_EQ(files.compare(), Compared::same);
}

TEST_F(ConfigWatchTest, WhatHasChangedBeforeItBeganIsReloaded) {
  dir.write("weir.yaml", kOther);
  begin();
  EXPECT_EQ(reloads, 1);
}

TEST_F(ConfigWatchTest, EachContentIsTriedOnce) {
  begin();
  dir.write("weir.yaml", "listeners: 1\n");
  EXPECT_TRUE(wait_until([&] { return refused == 1; }));
  // The same once more: it is looked at within this time, and what comes after it is the next thing that is tried.
  dir.write("weir.yaml", "listeners: 1\n");
  context.restart();
  context.run_for(5 * Settling::kQuiet);
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(wait_until([&] { return reloads == 2; }));
  EXPECT_EQ(refused, 1);
}

TEST_F(ConfigWatchTest, AFileThatIsGoneIsWaitedFor) {
  begin();
  fs::remove(path);
  dir.write("other", "");
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(wait_until([&] { return reloads == 1; }));
  EXPECT_EQ(refused, 0);
}

TEST_F(ConfigWatchTest, AnObstacleIsWaitedOut) {
  obstacle = "an upgrade is under way";
  dir.write("weir.yaml", kOther);
  begin();
  EXPECT_EQ(reloads, 0);
  obstacle.clear();
  EXPECT_TRUE(wait_until([&] { return reloads == 1; }));
}

TEST_F(ConfigWatchTest, AFileThatTheNextConfigurationNamesIsWatchedToo) {
  begin();
  const std::string list = dir.write("list", "10.0.0.0/8\n");
  dir.write("weir.yaml", "listeners: [{name: a, bind: '127.0.0.1:7000', echo: {}, allow_file: list}]\n");
  EXPECT_TRUE(wait_until([&] { return reloads == 1; }));
  dir.write("list", "10.0.0.0/9\n");
  EXPECT_TRUE(wait_until([&] { return reloads == 2; }));
}

TEST_F(ConfigWatchTest, WithoutInotifyTheFilesAreLookedAt) {
  const boost::asio::steady_timer any(context);  // the context has its own descriptors from now on
  {
    const test::NoDescriptors none;
    begin();
  }
  EXPECT_EQ(reloads, 0);
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(wait_until([&] { return reloads == 1; }));
}

}  // namespace
}  // namespace weir
