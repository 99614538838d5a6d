#include "server/config/config_files.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "server/config/config_loader.hpp"
#include "tests/support/no_descriptors.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using Compared = ConfigFiles::Compared;
using testing::UnorderedElementsAre;

const std::string kListener = "listeners: [{name: a, bind: '127.0.0.1:7000', echo: {}, ";

class ConfigFilesTest : public testing::Test {
 protected:
  void load() {
    files.load([&](std::vector<std::string>& named) { return load_config_file(path, {}, &named); });
  }

  const test::TempDir dir;
  const std::string path = dir.write("weir.yaml", kListener + "allow_file: list}]\n");
  const std::string list = dir.write("list", "10.0.0.0/8\n");
  ConfigFiles files{path};
};

TEST_F(ConfigFilesTest, BeforeTheyAreLoadedTheyDiffer) { EXPECT_EQ(files.compare(), Compared::different); }

TEST_F(ConfigFilesTest, TheFilesThatTheConfigurationNamesBelongToIt) {
  load();
  EXPECT_THAT(files.paths(), UnorderedElementsAre(path, list));
  EXPECT_EQ(files.compare(), Compared::same);
  dir.write("list", "10.0.0.0/9\n");
  EXPECT_EQ(files.compare(), Compared::different);
  load();
  EXPECT_EQ(files.compare(), Compared::same);
}

TEST_F(ConfigFilesTest, AnotherFileWithTheSameContentIsNoNews) {
  load();
  dir.write("next", kListener + "allow_file: list}]\n");
  fs::rename(dir.path() / "next", path);
  EXPECT_EQ(files.compare(), Compared::same);
}

TEST_F(ConfigFilesTest, ContentOfTheSameLengthIsNews) {
  load();
  dir.write("weir.yaml", kListener + "allow_file: LIST}]\n");
  EXPECT_EQ(files.compare(), Compared::different);
}

TEST_F(ConfigFilesTest, WhatWasRefusedWasLoaded) {
  dir.write("weir.yaml", kListener + "deny_file: other}]\n");
  EXPECT_THROW(load(), ConfigError);
  EXPECT_EQ(files.compare(), Compared::same);
  EXPECT_THAT(files.paths(), UnorderedElementsAre(path, dir.file("other")));
  dir.write("other", "");
  EXPECT_EQ(files.compare(), Compared::different) << "the file that was missing has come";
}

TEST_F(ConfigFilesTest, AFileThatIsGoneDiffers) {
  load();
  fs::remove(path);
  EXPECT_EQ(files.compare(), Compared::different);
  EXPECT_FALSE(files.is_there());
  dir.write("weir.yaml", kListener + "allow_file: list}]\n");
  EXPECT_TRUE(files.is_there());
  EXPECT_EQ(files.compare(), Compared::same);
}

TEST_F(ConfigFilesTest, WhatChangesWhileItIsLoadedDiffers) {
  files.load([&](std::vector<std::string>& named) {
    const ServerConfig config = load_config_file(path, {}, &named);
    dir.write("weir.yaml", kListener + "}]\n");
    return config;
  });
  EXPECT_EQ(files.compare(), Compared::different);
}

TEST_F(ConfigFilesTest, WithoutADescriptorNothingIsKnown) {
  load();
  const test::NoDescriptors none;
  EXPECT_EQ(files.compare(), Compared::unknown);
}

TEST_F(ConfigFilesTest, TheTokenBelongsToItToo) {
  const std::string token = dir.write("token", "0123456789abcdef0123456789abcdef\n");
  fs::permissions(token, fs::perms::owner_read | fs::perms::owner_write);
  dir.write("weir.yaml", kListener + "}]\nadmin: {token_file: " + token + "}\n");
  load();
  EXPECT_THAT(files.paths(), UnorderedElementsAre(path, token));
}

}  // namespace
}  // namespace weir
