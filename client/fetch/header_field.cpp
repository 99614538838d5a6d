#include "client/fetch/header_field.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "common/printable.hpp"

namespace weir::load {

namespace {

constexpr std::array kFraming{"connection", "content-length", "transfer-encoding", "upgrade"};

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

HeaderField parse_header_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_token(text.substr(0, colon))) {
    throw std::invalid_argument("is 'Name: value', not " + in_quotes(text));
  }
  const std::string_view value = trimmed(text.substr(colon + 1));
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || !has_control({&c, 1}); });
  if (!printable) throw std::invalid_argument("has a control character: " + in_quotes(text));
  HeaderField field{std::string(text.substr(0, colon)), std::string(value)};
  const bool framing = std::any_of(kFraming.begin(), kFraming.end(),
                                   [&](const char* name) { return ::strcasecmp(name, field.name.c_str()) == 0; });
  if (framing) throw std::invalid_argument("cannot set " + field.name);
  return field;
}

}  // namespace weir::load
