#include "server/control/config_watch.hpp"

#include <gmock/gmock.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <vector>

#include "common/io/descriptor.hpp"
#include "server/config/config_loader.hpp"
#include "tests/support/no_descriptors.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using Compared = ConfigFiles::Compared;
using Outcome = ConfigWatch::Outcome;

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
    watch.emplace(ConfigWatch::Parts{context, files, [this](const std::string&) { reload(); },
                                     std::chrono::milliseconds(20), std::chrono::milliseconds(1)});
  }
  void reload() {
    if (obstacle) return tell(Outcome::not_begun);
    ++reloads;
    load();
    tell(in_the_way-- > 0 ? Outcome::may_pass : Outcome::settled);
  }
  void tell(Outcome outcome) {
    boost::asio::post(context, [this, outcome] { watch->conclude(outcome); });
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
  bool obstacle = false;
  int in_the_way = 0;  ///< how many reloads more fail for the state of the machine
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

/// Knows when somebody has read a file (inotify(7)).
class Readers {
 public:
  explicit Readers(const std::string& path) : told_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(told_.get(), path.c_str(), IN_CLOSE_NOWRITE), 0);
  }
  bool came() const {
    inotify_event event{};
    return ::read(told_.get(), &event, sizeof event) == sizeof event;
  }

 private:
  const io::Descriptor told_;
};

TEST_F(ConfigWatchTest, EachContentIsTriedOnce) {
  begin();
  dir.write("weir.yaml", "listeners: 1\n");
  EXPECT_TRUE(wait_until([&] { return refused == 1; }));
  dir.write("weir.yaml", "listeners: 1\n");
  const Readers readers(path);
  EXPECT_TRUE(wait_until([&] { return readers.came(); })) << "the same once more is looked at";
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(wait_until([&] { return reloads == 2; }));
  EXPECT_EQ(refused, 1) << "and not tried";
}

TEST_F(ConfigWatchTest, WhatIsRefusedForAReasonThatMayPassIsTriedAgainUntilItLoads) {
  in_the_way = 3;
  begin();
  dir.write("weir.yaml", kOther);
  EXPECT_TRUE(wait_until([&] { return reloads == 4; }));
  // One more would come before this change is seen.
  dir.write("weir.yaml", kOne);
  EXPECT_TRUE(wait_until([&] { return files.compare() == Compared::same && reloads > 4; }));
  EXPECT_EQ(reloads, 5);
}

TEST_F(ConfigWatchTest, AFileThatCannotBeReadIsTriedAgain) {
  begin();
  fs::create_symlink("loop", dir.file("loop"));
  dir.write("weir.yaml", "listeners: [{name: a, bind: '127.0.0.1:7000', echo: {}, allow_file: loop}]\n");
  EXPECT_TRUE(wait_until([&] { return refused >= 3; }));
}

TEST_F(ConfigWatchTest, AFileThatIsNotThereIsWaitedFor) {
  begin();
  dir.write("weir.yaml", "listeners: [{name: a, bind: '127.0.0.1:7000', echo: {}, allow_file: list}]\n");
  EXPECT_TRUE(wait_until([&] { return refused == 1; }));
  EXPECT_TRUE(files.all_readable());
  dir.write("list", "10.0.0.0/8\n");
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
  obstacle = true;
  dir.write("weir.yaml", kOther);
  begin();
  EXPECT_GT(context.poll(), 0U) << "it is told that there can be no reload";
  EXPECT_EQ(reloads, 0);
  obstacle = false;
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
