#include "client/report/output_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
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

TEST(OutputFile, IsMadeWhereThereIsNone) {
  const test::TempDir folder;
  OutputFile file(folder.file("report.json"));
  EXPECT_TRUE(std::filesystem::exists(folder.file("report.json")));
  const std::string large(3'000'000, 'x');
  file.write(large);
  EXPECT_TRUE(test::read_file(folder.file("report.json")) == large);
}

TEST(OutputFile, EmptyNameIsNoFileAndADashIsStdout) {
  EXPECT_FALSE(OutputFile("").is_wanted());
  EXPECT_TRUE(OutputFile("-").is_wanted());
  EXPECT_TRUE(OutputFile("-").is_stdout());
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
