#include "server/control/file_watch.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() { fs::create_directory(dir.path() / "etc"); }

  /// Watches a path of the folder.
  void watch(const std::string& path = "etc/weir.yaml") { files.watch({dir.file(path)}); }
  /// What is told of what has happened until now; nothing where it is nothing.
  std::optional<bool> told() {
    last.reset();
    context.restart();
    context.poll();
    return last;
  }
  bool changed() { return told().has_value(); }

  const test::TempDir dir;
  boost::asio::io_context context;
  std::optional<bool> last;  ///< whether the writer may still be at it
  FileWatch files{context, [this](bool writing) { last = writing; }};
};

TEST_F(FileWatchTest, AWriterIsAtItUntilItClosesTheFile) {
  dir.write("etc/weir.yaml", "one");
  watch();
  EXPECT_FALSE(changed());
  std::ofstream file(dir.file("etc/weir.yaml"), std::ios::app);
  file << "half" << std::flush;
  EXPECT_EQ(told(), true);
  file.close();
  EXPECT_EQ(told(), false);
}

TEST_F(FileWatchTest, AWriterIsAtItWhateverElseIsToldMeanwhile) {
  dir.write("etc/weir.yaml", "one");
  dir.write("etc/list", "10.0.0.0/8");
  files.watch({dir.file("etc/weir.yaml"), dir.file("etc/list")});
  std::ofstream file(dir.file("etc/weir.yaml"), std::ios::app);
  file << "half" << std::flush;
  EXPECT_EQ(told(), true);
  ASSERT_EQ(::chmod(dir.file("etc/weir.yaml").c_str(), 0600), 0);
  EXPECT_EQ(told(), true) << "its mode is changed";
  dir.write("etc/list", "10.0.0.0/16");
  EXPECT_EQ(told(), true) << "another file is written and closed";
  file.close();
  EXPECT_EQ(told(), false);
}

TEST_F(FileWatchTest, AFileThatTakesThePlaceOfAnotherIsWhole) {
  dir.write("etc/weir.yaml", "one");
  watch();
  dir.write("etc/weir.yaml.new", "two");
  EXPECT_FALSE(changed()) << "other files are nobody's business";
  fs::rename(dir.path() / "etc/weir.yaml.new", dir.path() / "etc/weir.yaml");
  EXPECT_EQ(told(), false);
}

TEST_F(FileWatchTest, TheSymbolicLinkOfAConfigMapIsExchanged) {
  for (const char* version : {"..1", "..2"}) {
    fs::create_directory(dir.path() / "etc" / version);
    dir.write(std::string("etc/") + version + "/weir.yaml", version);
  }
  fs::create_directory_symlink("..1", dir.path() / "etc/..data");
  fs::create_symlink("..data/weir.yaml", dir.path() / "etc/weir.yaml");
  watch();
  fs::create_directory_symlink("..2", dir.path() / "etc/..data_tmp");
  EXPECT_FALSE(changed());
  fs::rename(dir.path() / "etc/..data_tmp", dir.path() / "etc/..data");
  EXPECT_EQ(told(), false);
  watch();
  fs::remove_all(dir.path() / "etc/..1");
  EXPECT_FALSE(changed()) << "the old folder is forgotten";
  dir.write("etc/..2/weir.yaml", "another");
  EXPECT_TRUE(changed());
}

TEST_F(FileWatchTest, AFileMayGoAndComeBack) {
  dir.write("etc/weir.yaml", "one");
  watch();
  fs::remove(dir.path() / "etc/weir.yaml");
  EXPECT_TRUE(changed());
  watch();
  EXPECT_FALSE(changed());
  dir.write("etc/weir.yaml", "two");
  EXPECT_EQ(told(), false);
}

TEST_F(FileWatchTest, AFileThatIsMadeIsAboutToBeWritten) {
  watch();
  const std::ofstream file(dir.file("etc/weir.yaml"));
  EXPECT_EQ(told(), true);
}

TEST_F(FileWatchTest, FoldersOnTheWayMayBeExchanged) {
  dir.write("etc/weir.yaml", "one");
  fs::create_directory(dir.path() / "next");
  dir.write("next/weir.yaml", "two");
  watch();
  fs::rename(dir.path() / "etc", dir.path() / "old");
  EXPECT_TRUE(changed());
  watch();
  fs::rename(dir.path() / "next", dir.path() / "etc");
  EXPECT_TRUE(changed());
}

TEST_F(FileWatchTest, AFileThatHasAnotherNameElsewhereIsSeenToBeWritten) {
  dir.write("etc/weir.yaml", "one");
  fs::create_directory(dir.path() / "host");
  fs::create_hard_link(dir.path() / "etc/weir.yaml", dir.path() / "host/weir.yaml");
  watch();
  std::ofstream(dir.file("host/weir.yaml"), std::ios::app) << "two";
  EXPECT_TRUE(changed()) << "as where one file is mounted into a container";
}

TEST_F(FileWatchTest, PermissionsMatterToo) {
  dir.write("etc/weir.yaml", "one");
  watch();
  ASSERT_EQ(::chmod(dir.file("etc/weir.yaml").c_str(), 0600), 0);
  EXPECT_TRUE(changed());
}

TEST_F(FileWatchTest, AFileThatIsNeverAtRestLeavesOthersTheirTurn) {
  dir.write("etc/weir.yaml", "one");
  watch();
  std::ofstream noise(dir.file("etc/noise"));
  std::ofstream file(dir.file("etc/weir.yaml"), std::ios::app);
  // By turns, because the kernel makes one of several in a row that are the same.
  for (int times = 0; times < 5000; ++times) {
    noise << "x" << std::flush;
    file << "x" << std::flush;
  }
  file.close();
  bool had_its_turn = false;
  ASSERT_GT(context.run_one_for(std::chrono::seconds(10)), 0U);
  ASSERT_TRUE(last);
  boost::asio::post(context, [&] { had_its_turn = *last; });
  context.poll();
  EXPECT_TRUE(had_its_turn) << "before all was read";
  EXPECT_EQ(last, false) << "all was read";
}

TEST_F(FileWatchTest, SeveralPathsMayShareAFolderAndAFile) {
  dir.write("etc/weir.yaml", "one");
  fs::create_symlink("weir.yaml", dir.path() / "etc/link");
  files.watch({dir.file("etc/weir.yaml"), dir.file("etc/link"), dir.file("etc/list")});
  dir.write("etc/list", "10.0.0.0/8");
  EXPECT_TRUE(changed());
  dir.write("etc/weir.yaml", "two");
  EXPECT_TRUE(changed());
  fs::remove(dir.path() / "etc/link");
  EXPECT_TRUE(changed());
}

}  // namespace
}  // namespace weir
