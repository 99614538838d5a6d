#include "server/admin/page.hpp"

#include <gmock/gmock.h>

#include "server/admin/digest.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::admin {
namespace {

using ::testing::HasSubstr;

std::string source(std::string_view text) { return "'sha256-" + base64(sha256(text)) + "'"; }

TEST(Page, IsTheFileThatItWasBuiltFrom) {
  EXPECT_EQ(page_text(), test::read_file((test::source_folder() / "server/admin/page/index.html").string()));
  EXPECT_EQ(page_reply().body, page_text());
  EXPECT_EQ(page_reply().content_type, "text/html; charset=utf-8");
}

TEST(Page, ItsPolicyAllowsItsOwnStyleAndScriptAlone) {
  EXPECT_EQ(page_policy("<html><style media=all>a{b:c}</style><script>\nx > 1;\n</script>"),
            "default-src 'none'; style-src " + source("a{b:c}") + "; script-src " + source("\nx > 1;\n") +
                "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  EXPECT_THAT(page_policy("<p>"), HasSubstr("style-src 'none'; script-src 'none'"));
  EXPECT_THAT(page_policy("<style>"), HasSubstr("style-src 'none'"));
}

TEST(Page, HasOneStyleAndOneScriptAndNothingFromOutside) {
  const std::string page(page_text());
  for (const char* tag : {"<style", "<script"}) {
    EXPECT_EQ(page.find(tag), page.rfind(tag));
    EXPECT_NE(page.find(tag), std::string::npos);
  }
  EXPECT_EQ(page.find(" style="), std::string::npos);
  EXPECT_EQ(page.find(" onclick="), std::string::npos);
  // One link at most, and that is an icon within the page.
  EXPECT_EQ(page.find("<link"), page.rfind("<link"));
  EXPECT_EQ(page.find("<link"), page.find(R"(<link rel="icon" href="data:)"));
}

}  // namespace
}  // namespace weir::admin
