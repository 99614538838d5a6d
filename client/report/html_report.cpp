#include "client/report/html_report.hpp"

#include <boost/json/serialize.hpp>
#include <string_view>

#include "client/report/page_text.hpp"

namespace weir::load {

namespace {

constexpr std::string_view kPlace = "{{document}}";

/// JSON that may stand in a <script>. `<` occurs in strings alone, and without it no tag or comment ends or begins
/// there (HTML, "Restrictions for contents of script elements").
void append_escaped(std::string& page, std::string_view json) {
  for (std::size_t at = json.find('<'); at != std::string_view::npos; at = json.find('<')) {
    page.append(json.substr(0, at)).append("\\u003c");
    json.remove_prefix(at + 1);
  }
  page.append(json);
}

}  // namespace

std::string html_report(const boost::json::object& document) {
  const std::string_view frame = report_page_text();
  const std::size_t place = frame.find(kPlace);
  const std::string json = boost::json::serialize(document);
  std::string page;
  page.reserve(frame.size() + json.size() + json.size() / 64);
  page.append(frame.substr(0, place));
  append_escaped(page, json);
  page.append(frame.substr(place + kPlace.size()));
  return page;
}

}  // namespace weir::load
