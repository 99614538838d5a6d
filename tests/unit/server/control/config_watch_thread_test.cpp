#include "server/control/config_watch_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "server/config/config_loader.hpp"
#include "tests/support/held_file.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

const std::string kOne = "listeners: [{name: a, bind: '127.0.0.1:7000', echo: {}}]\n";
const std::string kOther = "listeners: [{name: a, bind: '127.0.0.1:7001', echo: {}}]\n";

class ConfigWatchThreadTest : public testing::Test {
 protected:
  ConfigWatchThreadTest() {
    files.load([&](std::vector<std::string>& named) { return load_config_file(path, {}, &named); });
  }

  const test::TempDir dir;
  const std::string path = dir.write("weir.yaml", kOne);
  ConfigFiles files{path};
  std::atomic<int> reloads{0};
};

TEST_F(ConfigWatchThreadTest, AChangeIsReloadedAndARefusalThatMayPassIsTriedAgain) {
  ConfigWatchThread watch(files, [&](const std::string&) { ++reloads; });
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(test::wait_until([&] { return reloads > 0; }));
  files.load([&](std::vector<std::string>& named) { return load_config_file(path, {}, &named); });
  const int before = reloads;
  watch.conclude(ConfigWatch::Outcome::may_pass);
  EXPECT_TRUE(test::wait_until([&] { return reloads > before; }));
  EXPECT_TRUE(watch.stop());
}

TEST_F(ConfigWatchThreadTest, AFileThatCannotBeOpenedHoldsUpNobodyElse) {
  test::HeldFile held(path);
  if (!held.usable()) GTEST_SKIP() << held.why_not();
  ConfigWatchThread watch(files, [&](const std::string&) { ++reloads; });
  ASSERT_TRUE(held.holds_somebody());
  watch.conclude(ConfigWatch::Outcome::may_pass);
  EXPECT_FALSE(watch.stop());
  held.let_go();
  EXPECT_TRUE(test::wait_until([&] { return watch.stop(); }));
}

}  // namespace
}  // namespace weir
