#include "client/fetch/url_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

TEST(UrlFile, HasOneUrlALine) {
  test::TempDir dir;
  const auto urls = read_url_file(dir.write("urls", "# those\nhttp://a/\r\n\n  b:8080/x  \n \t\nhttps://c/#d"));
  ASSERT_EQ(urls.size(), 3u);
  EXPECT_EQ(urls[0].to_string(), "http://a/");
  EXPECT_EQ(urls[1].to_string(), "http://b:8080/x");
  EXPECT_EQ(urls[2].to_string(), "https://c/");
}

TEST(UrlFile, NamesTheLineOfWhatIsNoUrl) {
  test::TempDir dir;
  const std::string path = dir.write("urls", "a\n\nftp://b\n");
  try {
    read_url_file(path);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(error.what(), path + ":3: \"ftp://b\" is neither http nor https");
  }
}

TEST(UrlFile, MustBeReadable) {
  test::TempDir dir;
  EXPECT_THROW(read_url_file(dir.file("none")), std::runtime_error);
  EXPECT_THROW(read_url_file(dir.path()), std::runtime_error);
  EXPECT_TRUE(read_url_file(dir.write("empty", "")).empty());
}

}  // namespace
}  // namespace weir::load
