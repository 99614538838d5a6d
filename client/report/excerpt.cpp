#include "client/report/excerpt.hpp"

#include <algorithm>
#include <cstdint>

#include "client/report/hex.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kBytes = 16;

/// `57 4c 20 … |WL ..|`
std::string bytes_line(const std::string& bytes) {
  std::string hex;
  std::string text;
  for (std::size_t i = 0; i < kBytes; ++i) {
    hex += i < bytes.size() ? to_hex(bytes.substr(i, 1)) + " " : "   ";
    if (i < bytes.size()) text += bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.';
  }
  return hex + "|" + text + "|";
}

}  // namespace

std::string excerpt(const WrongReply& wrong, std::size_t indent) {
  // The line that holds the first wrong byte; what stands in it before that was right.
  const auto place = static_cast<std::size_t>(wrong.offset - wrong.excerpt_at);
  const std::size_t from = place / kBytes * kBytes;
  const auto line_of = [from](const std::string& bytes) {
    return from < bytes.size() ? bytes.substr(from, kBytes) : std::string();
  };
  if (wrong.expected.empty() && wrong.received.empty()) return {};
  const std::string blank(indent, ' ');
  std::string text = blank + "byte " + std::to_string(wrong.excerpt_at + from) + "\n";
  if (!wrong.expected.empty()) text += blank + "expected  " + bytes_line(line_of(wrong.expected)) + "\n";
  text += blank + "received  " + bytes_line(line_of(wrong.received)) + "\n";
  text += blank + std::string(10 + 3 * (place - from), ' ') + "^^\n";
  return text;
}

}  // namespace weir::load
