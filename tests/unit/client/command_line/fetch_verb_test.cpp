#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/command_line/command_line.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

FetchOptions fetch_options(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "fetch");
  return std::get<FetchOptions>(parse_command_line(arguments));
}

std::string complaint(const std::vector<std::string>& arguments) {
  try {
    fetch_options(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(FetchVerb, HasItsDefaults) {
  const FetchOptions options = fetch_options({"localhost:8080/a", "https://h/"});
  ASSERT_EQ(options.urls.size(), 2u);
  EXPECT_EQ(options.urls[1].to_string(), "https://h/");
  EXPECT_EQ(options.connections, 64u);
  EXPECT_EQ(options.timeout, seconds(60));
  EXPECT_EQ(options.max_redirects, 10u);
  EXPECT_FALSE(options.max_size);
  EXPECT_FALSE(options.insecure);
}

TEST(FetchVerb, EveryOptionIsUnderstood) {
  const FetchOptions options = fetch_options({"-c",
                                              "2",
                                              "--timeout",
                                              "3s",
                                              "--connect-timeout",
                                              "1s",
                                              "--max-redirects",
                                              "0",
                                              "--max-size",
                                              "1k",
                                              "-H",
                                              "A: b",
                                              "-H",
                                              "C: d",
                                              "--cacert",
                                              "ca",
                                              "--insecure",
                                              "--any-status",
                                              "--dns-servers",
                                              "127.0.0.1",
                                              "--output",
                                              "x",
                                              "--results",
                                              "-",
                                              "--max-errors",
                                              "4",
                                              "--quiet",
                                              "h"});
  EXPECT_EQ(options.urls.size(), 1u);
  EXPECT_EQ(options.connections, 2u);
  EXPECT_EQ(options.timeout, seconds(3));
  EXPECT_EQ(options.connect_timeout, seconds(1));
  EXPECT_EQ(options.max_redirects, 0u);
  EXPECT_EQ(options.max_size, 1024u);
  ASSERT_EQ(options.headers.size(), 2u);
  EXPECT_EQ(options.headers[1].name, "C");
  EXPECT_EQ(options.ca_file, "ca");
  EXPECT_TRUE(options.insecure);
  EXPECT_TRUE(options.any_status);
  EXPECT_EQ(options.dns_servers, "127.0.0.1");
  EXPECT_EQ(options.output, "x");
  EXPECT_EQ(options.results, "-");
  EXPECT_EQ(options.max_errors, 4u);
  EXPECT_TRUE(options.quiet);
}

TEST(FetchVerb, FilesAddToTheArguments) {
  test::TempDir dir;
  const FetchOptions options = fetch_options({"-f", dir.write("1", "b\n"), "a", "-f", dir.write("2", "c\n")});
  ASSERT_EQ(options.urls.size(), 3u);
  EXPECT_EQ(options.urls[0].host, "a");
  EXPECT_EQ(options.urls[2].host, "c");
}

TEST(FetchVerb, RefusesWhatMakesNoSense) {
  test::TempDir dir;
  EXPECT_THAT(complaint({}), HasSubstr("needs a URL"));
  EXPECT_THAT(complaint({"-f", dir.write("none", "#\n")}), HasSubstr("no URL in the files"));
  EXPECT_THAT(complaint({"-f", dir.write("bad", "\nftp://x\n")}), HasSubstr("bad:2: \"ftp://x\""));
  EXPECT_THAT(complaint({"http://me@h/"}), HasSubstr("\"http://me@h/\" has a user name"));
  EXPECT_THAT(complaint({"a", "b", "--output", dir.file("x")}), HasSubstr("one file for 2 URLs"));
  EXPECT_THAT(complaint({"a", "--output", "-", "--results", "-"}), HasSubstr("cannot both"));
  EXPECT_THAT(complaint({"-H", "x", "a"}), HasSubstr("--header"));
  EXPECT_THAT(complaint({"-c", "0", "a"}), HasSubstr("--connections"));
  EXPECT_THAT(complaint({"--timeout", "0", "a"}), HasSubstr("--timeout"));
}

}  // namespace
}  // namespace weir::load
