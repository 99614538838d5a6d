#include "server/admin/target.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "common/printable.hpp"

namespace weir::admin {
namespace {

std::string decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[at] != '%') {
      decoded += text[at];
    } else {
      unsigned char byte = 0;
      const std::string_view digits = text.substr(at + 1, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (error != std::errc() || end != digits.data() + 2) {
        throw BadRequest("the request's target has a % without two hex digits; write %25 for the character itself");
      }
      decoded += static_cast<char>(byte);
      at += 2;
    }
  }
  return decoded;
}

/// Calls `take` with each piece of the text.
template <typename Take>
void split(std::string_view text, char separator, Take&& take) {
  for (;;) {
    const std::size_t end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Target parse_target(std::string_view text) {
  if (!text.starts_with('/')) throw BadRequest(in_quotes(text) + " is not a path; write one such as /api/v1/status");
  Target target;
  const std::size_t mark = text.find('?');
  split(text.substr(1, mark == std::string_view::npos ? mark : mark - 1), '/',
        [&](std::string_view piece) { target.path.push_back(decode(piece, false)); });
  if (mark == std::string_view::npos) return target;
  split(text.substr(mark + 1), '&', [&](std::string_view piece) {
    if (piece.empty()) return;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    target.query.emplace_back(decode(piece.substr(0, equals), true),
                              decode(piece.substr(std::min(equals + 1, piece.size())), true));
  });
  return target;
}

bool matches_path(std::string_view pattern, const std::vector<std::string>& path) {
  for (const std::string& piece : path) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    if (wanted != "*" && wanted != piece) return false;
    pattern.remove_prefix(wanted.size());
  }
  return pattern.empty();
}

}  // namespace weir::admin
