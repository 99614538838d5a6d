#include "client/report/load_exports.hpp"

#include <gmock/gmock.h>

#include "client/report/csv.hpp"
#include "client/report/hgrm.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

TEST(LoadExports, WriteWhatIsWanted) {
  const test::TempDir dir;
  LoadExports exports({.csv = dir.file("a.csv"), .hgrm = dir.file("a.hgrm")});
  EXPECT_FALSE(exports.take_stdout());
  EXPECT_THAT(exports.write(connect_example()), testing::IsEmpty());
  EXPECT_EQ(test::read_file(dir.file("a.csv")), csv_report(connect_example()));
  EXPECT_EQ(test::read_file(dir.file("a.hgrm")), hgrm_report(connect_example().stats[Time::cycle]));
}

TEST(LoadExports, OneThatCannotBeWrittenLeavesTheOther) {
  const test::TempDir dir;
  LoadExports exports({.csv = "/dev/full", .hgrm = dir.file("a.hgrm")});
  EXPECT_THAT(exports.write(example()), testing::ElementsAre(testing::StartsWith("cannot write /dev/full: ")));
  EXPECT_EQ(test::read_file(dir.file("a.hgrm")), hgrm_report(example().stats[Time::response]));
}

TEST(LoadExports, AFileThatCannotBeOpenedIsKnownBefore) {
  const test::TempDir dir;
  EXPECT_THROW(LoadExports({.csv = "", .hgrm = dir.file("none/a.hgrm")}), std::runtime_error);
}

TEST(LoadExports, SayWhetherTheyTakeStdout) {
  EXPECT_TRUE(LoadExports({.csv = "-", .hgrm = ""}).take_stdout());
  EXPECT_TRUE(LoadExports({.csv = "", .hgrm = "-"}).take_stdout());
  EXPECT_FALSE(LoadExports(ExportFiles()).take_stdout());
}

}  // namespace
}  // namespace weir::load
