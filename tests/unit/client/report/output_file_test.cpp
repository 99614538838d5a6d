#include "client/report/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

TEST(OutputFile, KeepsWhatTheFileHeldUntilItIsWritten) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older and longer report\n");
  OutputFile file(name);
  EXPECT_TRUE(file.is_wanted());
  EXPECT_FALSE(file.is_stdout());
  EXPECT_EQ(test::read_file(name), "an older and longer report\n");
  file.write("new\n");
  EXPECT_EQ(test::read_file(name), "new\n");
}

TEST(OutputFile, EachWriteReplacesTheOneBefore) {
  const test::TempDir folder;
  OutputFile file(folder.file("report.json"));
  file.write("first and longer\n");
  file.write("second\n");
  EXPECT_EQ(test::read_file(folder.file("report.json")), "second\n");
}

TEST(OutputFile, IsMadeWhenItIsWrittenAndNotBefore) {
  const test::TempDir folder;
  OutputFile file(folder.file("report.json"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("report.json"))) << "a run that fails would leave it empty";
  const std::string large(3'000'000, 'x');
  file.write(large);
  EXPECT_TRUE(test::read_file(folder.file("report.json")) == large);
  EXPECT_EQ(files_in(folder.path()), 1) << "nothing is left beside it";
}

TEST(OutputFile, WhoReadsTheOldOneMeanwhileReadsItWhole) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "the older report\n");
  std::ifstream reader(name);
  OutputFile(name).write("new\n");
  std::string line;
  std::getline(reader, line);
  EXPECT_EQ(line, "the older report");
  EXPECT_EQ(test::read_file(name), "new\n");
}

TEST(OutputFile, KeepsTheModeOfTheFileThatItReplaces) {
  namespace fs = std::filesystem;
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write);
  OutputFile(name).write("new");
  EXPECT_EQ(fs::status(name).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(OutputFile, ALinkStaysOneAndWhereItLeadsIsWritten) {
  namespace fs = std::filesystem;
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "old");
  const std::string link = folder.file("link");
  fs::create_symlink("report.json", link);
  OutputFile(link).write("new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(test::read_file(name), "new");
  const std::string nowhere = folder.file("nowhere");
  fs::create_symlink("later.json", nowhere);
  OutputFile(nowhere).write("new");
  EXPECT_TRUE(fs::is_symlink(nowhere));
  EXPECT_EQ(test::read_file(folder.file("later.json")), "new");
}

TEST(OutputFile, AFileOfTwoNamesIsWrittenUnderBoth) {
  const test::TempDir folder;
  const std::string name = folder.write("report.json", "an older one");
  std::filesystem::create_hard_link(name, folder.file("other"));
  OutputFile(name).write("new");
  EXPECT_EQ(test::read_file(folder.file("other")), "new");
}

TEST(OutputFile, APipeIsWrittenInto) {
  const test::TempDir folder;
  const std::string name = folder.file("pipe");
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  const io::Descriptor reader(::open(name.c_str(), O_RDONLY | O_NONBLOCK));
  OutputFile(name).write("text");
  char text[8];
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 4);
}

TEST(OutputFile, EmptyNameIsNoFileAndADashIsStdout) {
  EXPECT_FALSE(OutputFile("").is_wanted());
  EXPECT_TRUE(OutputFile("-").is_wanted());
  EXPECT_TRUE(OutputFile("-").is_stdout());
  EXPECT_TRUE(OutputFile("/dev/stdout").is_stdout());
}

TEST(OutputFile, PlaceThatCannotBeWrittenIsKnownAtOnce) {
  const test::TempDir folder;
  const std::string name = folder.file("no/such/folder.json");
  EXPECT_EQ(error_of([&name] { OutputFile file(name); }), "cannot write " + name + ": No such file or directory");
  const std::string itself = folder.path().string();
  EXPECT_EQ(error_of([&itself] { OutputFile file(itself); }), "cannot write " + itself + ": Is a directory");
}

TEST(OutputFile, FullDiskIsAnErrorThatNamesTheFile) {
  OutputFile file("/dev/full");
  EXPECT_EQ(error_of([&file] { file.write("text"); }), "cannot write /dev/full: No space left on device");
}

}  // namespace
}  // namespace weir::load
