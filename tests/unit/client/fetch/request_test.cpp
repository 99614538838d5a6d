#include "client/fetch/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/http/write.hpp>
#include <sstream>

namespace weir::load {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string request(const std::vector<std::string>& fields, const std::string& given, const std::string& url) {
  FetchOptions options;
  for (const std::string& field : fields) options.headers.push_back(parse_header_field(field));
  std::ostringstream text;
  text << make_request(options, parse_url(given), parse_url(url));
  return text.str();
}

TEST(FetchRequest, NamesTargetAndHost) {
  const std::string text = request({}, "http://h:8080/a?b", "http://h:8080/a?b");
  EXPECT_THAT(text, testing::StartsWith("GET /a?b HTTP/1.1\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nHost: h:8080\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nUser-Agent: weir-load/"));
}

TEST(FetchRequest, FieldsReplaceItsOwnAndMayRepeat) {
  const std::string text = request({"host: other", "X-A: 1", "x-a: 2", "User-Agent:"}, "http://h/", "http://h/");
  EXPECT_THAT(text, HasSubstr("host: other\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Host: h")));
  EXPECT_THAT(text, HasSubstr("X-A: 1\r\n"));
  EXPECT_THAT(text, HasSubstr("x-a: 2\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("weir-load")));
}

TEST(FetchRequest, AnotherOriginGetsNoSecretsAndItsOwnHost) {
  const std::string text =
      request({"Host: virtual", "authorization: secret", "Cookie: secret", "X-A: 1"}, "https://h/", "https://other/");
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, HasSubstr("Host: other\r\n"));
  EXPECT_THAT(text, HasSubstr("X-A: 1\r\n"));
}

TEST(HeaderField, IsTrimmedAndChecked) {
  EXPECT_EQ(parse_header_field("A:  b c\t").value, "b c");
  EXPECT_EQ(parse_header_field("A:").value, "");
  for (const char* wrong : {"A", ": b", "A b: c", "A: b\r\nC: d", "A:\x7f", "Content-Length: 3", "TRANSFER-encoding: x",
                            "Connection: keep-alive", "upgrade: h2c"}) {
    EXPECT_THROW(parse_header_field(wrong), std::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace weir::load
