#include "client/report/file_attributes.hpp"

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

TEST(FileAttributes, AreThoseOfTheFileByName) {
  const test::TempDir folder;
  const std::string name = folder.write("file", "text");
  const auto before = attributes_of(name);
  ASSERT_TRUE(before);
  if (::setxattr(name.c_str(), "user.note", "kept", 4, 0) != 0 ||
      ::setxattr(name.c_str(), "user.empty", "", 0, 0) != 0) {
    GTEST_SKIP() << "files have no attributes here";
  }
  auto expected = *before;
  expected["user.note"] = "kept";
  expected["user.empty"] = "";
  EXPECT_EQ(attributes_of(name), expected);
}

TEST(FileAttributes, OfNoFileAreUnknown) {
  const test::TempDir folder;
  EXPECT_EQ(attributes_of(folder.file("none")), std::nullopt);
}

TEST(FileAttributes, AreNoneWhereThereAreNone) { EXPECT_TRUE(attributes_of("/proc/self/status")); }

}  // namespace
}  // namespace weir::load
