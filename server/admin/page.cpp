#include "server/admin/page.hpp"

#include "server/admin/digest.hpp"

namespace weir::admin {
namespace {

/// What stands between a tag and its end, as a source of the policy; 'none' where there is no such tag.
std::string source_of(std::string_view page, std::string_view tag) {
  const std::size_t open = page.find("<" + std::string(tag));
  const std::size_t begin = page.find('>', open);
  const std::size_t end = page.find("</" + std::string(tag), begin);
  if (open == std::string_view::npos || end == std::string_view::npos) return "'none'";
  return "'sha256-" + base64(sha256(page.substr(begin + 1, end - begin - 1))) + "'";
}

}  // namespace

std::string page_policy(std::string_view page) {
  return "default-src 'none'; style-src " + source_of(page, "style") + "; script-src " + source_of(page, "script") +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

Reply page_reply() {
  static const std::string policy = page_policy(page_text());
  return {200,
          "text/html; charset=utf-8",
          std::string(page_text()),
          {{"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace weir::admin
