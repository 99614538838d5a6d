#include "client/fetch/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::load {
namespace {

using testing::HasSubstr;

std::string complaint(std::string_view text) {
  try {
    return "no complaint, but " + parse_url(text).to_string();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

std::string resolved(std::string_view reference, std::string_view base = "http://h:81/a/b/c?x=1") {
  try {
    return resolve_reference(parse_url(base), reference).to_string();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Url, HasItsParts) {
  const Url url = parse_url("https://Example.com:8443/a/b?c=d#part");
  EXPECT_TRUE(url.secure);
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/a/b?c=d");
  EXPECT_EQ(url.authority(), "example.com:8443");
  EXPECT_EQ(url.to_string(), "https://example.com:8443/a/b?c=d");
}

TEST(Url, FillsInSchemePortAndPath) {
  EXPECT_EQ(parse_url("localhost:8080/x").to_string(), "http://localhost:8080/x");
  EXPECT_EQ(parse_url("localhost").to_string(), "http://localhost/");
  EXPECT_EQ(parse_url("h?q").target, "/?q");
  EXPECT_EQ(parse_url("h/a?u=http://o/").target, "/a?u=http://o/");
  EXPECT_EQ(parse_url("http://h").port, 80);
  EXPECT_EQ(parse_url("HTTPS://h").port, 443);
  EXPECT_EQ(parse_url("http://h:/").port, 80);
  EXPECT_EQ(parse_url("https://h:443/").to_string(), "https://h/");
  EXPECT_EQ(parse_url("http://h:443/").to_string(), "http://h:443/");
}

TEST(Url, TakesIpv6InBrackets) {
  const Url url = parse_url("http://[2001:DB8::1]:8080/x");
  EXPECT_EQ(url.host, "2001:db8::1");
  EXPECT_EQ(url.authority(), "[2001:db8::1]:8080");
  EXPECT_EQ(parse_url("http://[::1]").to_string(), "http://[::1]/");
  EXPECT_EQ(parse_url("::1").to_string(), "http://[::1]/");
  EXPECT_THAT(complaint("http://[::1"), HasSubstr("IPv6"));
  EXPECT_THAT(complaint("http://[127.0.0.1]/"), HasSubstr("IPv6"));
  EXPECT_THAT(complaint("http://::1/"), HasSubstr("host"));
}

TEST(Url, LeavesPercentAloneAndEncodesWhatHasNoPlaceInARequestLine) {
  EXPECT_EQ(parse_url("h/%41%zz%2f").target, "/%41%zz%2f");
  EXPECT_EQ(parse_url("h/a b?c={d}|\"").target, "/a%20b?c=%7Bd%7D%7C%22");
  EXPECT_EQ(parse_url("h/ü").target, "/%C3%BC");
  EXPECT_EQ(parse_url("h/a?x=[1]'*(;=@:!$&,+").target, "/a?x=[1]'*(;=@:!$&,+");
}

TEST(Url, RefusesWhatCannotBeFetched) {
  EXPECT_THAT(complaint("ftp://h/"), HasSubstr("neither http nor https"));
  EXPECT_THAT(complaint("mailto:me"), HasSubstr("neither http nor https"));
  EXPECT_THAT(complaint("1http://h/"), HasSubstr("neither http nor https"));
  EXPECT_THAT(complaint("http:/h"), HasSubstr("//"));
  EXPECT_THAT(complaint(""), HasSubstr("names no host"));
  EXPECT_THAT(complaint("http:///x"), HasSubstr("names no host"));
  EXPECT_THAT(complaint("http://me:secret@h/"), HasSubstr("Authorization"));
  EXPECT_THAT(complaint("http://h:0/"), HasSubstr("port"));
  EXPECT_THAT(complaint("http://h:65536/"), HasSubstr("port"));
  EXPECT_THAT(complaint("http://h:+80/"), HasSubstr("port"));
  EXPECT_THAT(complaint("http://h:8x/"), HasSubstr("port"));
  EXPECT_THAT(complaint("http://h h/"), HasSubstr("host"));
  EXPECT_THAT(complaint("http://h%00/"), HasSubstr("host"));
  EXPECT_THAT(complaint("http://h/" + std::string(70'000, 'x')), HasSubstr("64 KiB"));
}

TEST(Url, RefusesControlCharactersWhichWouldSplitTheRequest) {
  EXPECT_THAT(complaint("http://h/a\r\nX: y"), HasSubstr("control character"));
  EXPECT_THAT(complaint(std::string_view("http://h/\0", 10)), HasSubstr("control character"));
  EXPECT_THAT(resolved("/a\nb"), HasSubstr("control character"));
}

TEST(Url, ResolvesAReference) {
  EXPECT_EQ(resolved("/z"), "http://h:81/z");
  EXPECT_EQ(resolved("d"), "http://h:81/a/b/d");
  EXPECT_EQ(resolved("../d/./e"), "http://h:81/a/d/e");
  EXPECT_EQ(resolved("../../../../z"), "http://h:81/z");
  EXPECT_EQ(resolved(".."), "http://h:81/a/");
  EXPECT_EQ(resolved("."), "http://h:81/a/b/");
  EXPECT_EQ(resolved("?y=../2"), "http://h:81/a/b/c?y=../2");
  EXPECT_EQ(resolved("d?y=/../2"), "http://h:81/a/b/d?y=/../2");
  EXPECT_EQ(resolved("//o/x"), "http://o/x");
  EXPECT_EQ(resolved("//o/x", "https://h/"), "https://o/x");
  EXPECT_EQ(resolved("https://q"), "https://q/");
  EXPECT_EQ(resolved(""), "http://h:81/a/b/c?x=1");
  EXPECT_EQ(resolved("#f"), "http://h:81/a/b/c?x=1");
  EXPECT_EQ(resolved("./a%41 b"), "http://h:81/a/b/a%41%20b");
  EXPECT_EQ(resolved("a//b/../c"), "http://h:81/a/b/a//c");
  EXPECT_THAT(resolved("javascript:alert(1)"), HasSubstr("neither http nor https"));
}

TEST(Url, HasAnOrigin) {
  const Url url = parse_url("https://h/a");
  EXPECT_TRUE(url.same_origin(parse_url("https://H:443/b")));
  EXPECT_FALSE(url.same_origin(parse_url("http://h:443/a")));
  EXPECT_FALSE(url.same_origin(parse_url("https://h:444/a")));
  EXPECT_FALSE(url.same_origin(parse_url("https://i/a")));
}

}  // namespace
}  // namespace weir::load
