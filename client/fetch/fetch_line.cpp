#include "client/fetch/fetch_line.hpp"

#include <algorithm>
#include <cstdio>

#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kShortestUrl = 24;

std::string what_happened(const FetchResult& result) {
  if (result.outcome == Outcome::ok || result.outcome == Outcome::bad_status) return std::to_string(*result.status);
  return std::string(outcome_key(result.outcome));
}

std::string note(const FetchResult& result) {
  std::string note = printable(result.detail);
  if (result.redirects > 0) {
    if (!note.empty()) note += "; ";
    note += std::to_string(result.redirects) + (result.redirects == 1 ? " redirect" : " redirects");
  }
  return note.empty() ? note : "  (" + note + ")";
}

/// How many columns, where each character takes one.
std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
  return count;
}

/// At most so many columns, the last of which says that something was left out.
std::string cut(std::string_view text, std::size_t most) {
  if (columns(text) <= most) return std::string(text);
  std::string result;
  for (std::size_t count = 1; count < most; ++count) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    result += text.substr(0, length);
    text.remove_prefix(length);
  }
  return result + "…";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length);
    if (utf8_length(character) != 0 && !has_control(character)) {
      result += character;
      continue;
    }
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(character[0])));
    result += escape;
  }
  return result;
}

std::string fetch_line(const FetchResult& result, std::size_t width) {
  char front[96];
  std::snprintf(front, sizeof front, "%-12s %10s %9s  ", what_happened(result).c_str(),
                display_size(result.bytes).c_str(), display_duration(result.end).c_str());
  std::string url = printable(result.url.to_string());
  const std::string more = note(result);
  if (width == 0) return front + url + more;
  const std::size_t others = columns(front) + columns(more);
  url = cut(url, std::max(kShortestUrl, width - std::min(width, others)));
  return cut(front + url + more, width);
}

}  // namespace weir::load
