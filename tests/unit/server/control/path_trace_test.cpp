#include "server/control/path_trace.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

class PathTraceTest : public testing::Test {
 protected:
  PathTraceTest() { fs::create_directory(root / "etc"); }

  PathTrace traced(const std::string& path) const { return trace_paths({root / path}); }
  std::string in(const std::string& path) const { return root / path; }

  const test::TempDir dir;
  const fs::path root = fs::canonical(dir.path());
};

TEST_F(PathTraceTest, AFileIsWatchedInItsFolderAndByItself) {
  dir.write("etc/weir.yaml", "");
  const PathTrace trace = traced("etc/weir.yaml");
  EXPECT_THAT(trace.entries, ElementsAre(Pair(in("etc"), ElementsAre("weir.yaml"))));
  EXPECT_THAT(trace.files, ElementsAre(in("etc/weir.yaml")));
  EXPECT_THAT(trace.folders, Contains(in("etc")));
  EXPECT_THAT(trace.folders, Contains(root.string()));
}

TEST_F(PathTraceTest, TheLinksOfAConfigMapAreWatchedInBothFolders) {
  fs::create_directory(root / "etc/..2026");
  dir.write("etc/..2026/weir.yaml", "");
  fs::create_directory_symlink("..2026", root / "etc/..data");
  fs::create_symlink("..data/weir.yaml", root / "etc/weir.yaml");
  const PathTrace trace = traced("etc/weir.yaml");
  EXPECT_THAT(trace.entries, ElementsAre(Pair(in("etc"), ElementsAre("..data", "weir.yaml")),
                                         Pair(in("etc/..2026"), ElementsAre("weir.yaml"))));
  EXPECT_THAT(trace.files, ElementsAre(in("etc/..2026/weir.yaml")));
}

TEST_F(PathTraceTest, ALinkMayLeadAwayAndBackAgain) {
  fs::create_directories(root / "opt/weir");
  dir.write("opt/file", "");
  fs::create_directory_symlink(root / "opt/weir", root / "etc/weir");
  const PathTrace trace = traced("etc/./weir/../file");
  EXPECT_THAT(trace.entries, ElementsAre(Pair(in("etc"), ElementsAre("weir")), Pair(in("opt"), ElementsAre("file"))));
  EXPECT_THAT(trace.files, ElementsAre(in("opt/file")));
}

TEST_F(PathTraceTest, WhatIsMissingIsWaitedForInTheDeepestFolderThatIsThere) {
  const PathTrace trace = traced("etc/weir/conf/weir.yaml");
  EXPECT_THAT(trace.entries, ElementsAre(Pair(in("etc"), ElementsAre("weir"))));
  EXPECT_THAT(trace.files, IsEmpty());
}

TEST_F(PathTraceTest, ALinkToNothingIsWaitedForWhereItLeads) {
  fs::create_symlink("../missing", root / "etc/weir.yaml");
  EXPECT_THAT(traced("etc/weir.yaml").entries,
              ElementsAre(Pair(root.string(), ElementsAre("missing")), Pair(in("etc"), ElementsAre("weir.yaml"))));
}

TEST_F(PathTraceTest, LinksInACircleEnd) {
  fs::create_symlink("b", root / "etc/a");
  fs::create_symlink("a", root / "etc/b");
  EXPECT_THAT(traced("etc/a").entries, ElementsAre(Pair(in("etc"), ElementsAre("a", "b"))));
}

TEST_F(PathTraceTest, AFileIsNoFolder) {
  dir.write("etc/weir", "");
  const PathTrace trace = traced("etc/weir/weir.yaml");
  EXPECT_THAT(trace.entries, ElementsAre(Pair(in("etc"), ElementsAre("weir"))));
  EXPECT_THAT(trace.files, IsEmpty());
  EXPECT_THAT(trace.folders, Not(Contains(in("etc/weir"))));
}

}  // namespace
}  // namespace weir
