#include "client/report/html_report.hpp"

#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <regex>
#include <set>
#include <string>

#include "client/report/json.hpp"
#include "client/report/page_text.hpp"
#include "server/admin/digest.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

namespace json = boost::json;

using ::testing::HasSubstr;
using ::testing::Not;

json::object document_of(json::array reports) {
  return {{"reports", std::move(reports)},
          {"comparison", nullptr},
          {"capacity", nullptr},
          {"command", json::array{"weir-load"}},
          {"version", "1.2.3"}};
}

/// What stands between two marks of a page.
std::string between(const std::string& page, const std::string& begin, const std::string& end) {
  const std::size_t from = page.find(begin);
  if (from == std::string::npos) return "no " + begin;
  const std::size_t to = page.find(end, from + begin.size());
  return page.substr(from + begin.size(), to - from - begin.size());
}

std::string data_of(const std::string& page) {
  return between(page, R"(<script type="application/json" id="document">)", "</script>");
}

std::string in_policy(const std::string& text) { return "'sha256-" + admin::base64(admin::sha256(text)) + "'"; }

TEST(HtmlReport, HoldsTheWholeDocument) {
  const json::object document =
      document_of({json::object{{"label", "a.json"}, {"report", json_report(full_result(Workload::echo))}},
                   json::object{{"label", "b.json"}, {"report", json_report(full_result(Workload::connect))}}});
  EXPECT_TRUE(data_of(html_report(document)) == json::serialize(document));
}

TEST(HtmlReport, NoTextOfTheDocumentEndsItsPlaceOrBecomesMarkup) {
  const std::string hostile = "</script><script>alert(1)</script><!--<script>{{document}}{{script}}";
  const json::object document =
      document_of({json::object{{"label", hostile}, {"report", json::object{{"target", hostile}}}}});
  const std::string page = html_report(document);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_EQ(data_of(page).find('<'), std::string::npos);
  EXPECT_EQ(json::parse(data_of(page)), json::value(document));
  EXPECT_EQ(page.size() - data_of(page).size(), html_report({}).size() - data_of(html_report({})).size())
      << "what stands around the document does not depend on it";
}

TEST(HtmlReport, ItsPolicyAllowsItsOwnStyleAndScriptAlone) {
  const std::string page = html_report(document_of({}));
  EXPECT_EQ(between(page, R"(<meta http-equiv="Content-Security-Policy" content=")", "\""),
            "default-src 'none'; style-src " + in_policy(between(page, "<style>", "</style>")) + "; script-src " +
                in_policy(between(page, "<script>", "</script>")) +
                "; img-src data:; base-uri 'none'; form-action 'none'");
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
  const std::string page(report_page_text());
  std::set<std::string> addresses;
  const std::regex address(R"(\w+://[\w./-]+)");
  for (auto at = std::sregex_iterator(page.begin(), page.end(), address); at != std::sregex_iterator(); ++at) {
    addresses.insert(at->str());
  }
  EXPECT_EQ(addresses, std::set<std::string>{"http://www.w3.org/2000/svg"}) << "a name of XML, which nobody loads";
  EXPECT_THAT(page, Not(HasSubstr(" src=\"")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_THAT(page, Not(HasSubstr(" style=")));
  EXPECT_FALSE(std::regex_search(page, std::regex(R"(\son\w+=)")));
}

TEST(HtmlReport, MakesNoMarkupOfText) {
  const std::string page(report_page_text());
  for (const char* maker :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"}) {
    EXPECT_THAT(page, Not(HasSubstr(maker)));
  }
}

TEST(HtmlReport, HasEveryFileOfItsFolder) {
  const std::string page(report_page_text());
  for (const auto& file : std::filesystem::directory_iterator(test::source_folder() / "client/report/page")) {
    if (file.path().extension() == ".html") continue;
    const std::string text = test::read_file(file.path().string());
    EXPECT_NE(page.find(text), std::string::npos) << file.path() << " is not in the page: see CMakeLists.txt";
  }
  EXPECT_EQ(page.find("{{"), page.find("{{document}}")) << "a place of the frame was left open";
}

}  // namespace
}  // namespace weir::load
