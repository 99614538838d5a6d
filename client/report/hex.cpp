#include "client/report/hex.hpp"

namespace weir::load {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  bool half = false;
  for (const char digit : digits) {
    const std::size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) continue;
    if (half) {
      bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) << 4 | value);
    } else {
      bytes += static_cast<char>(value);
    }
    half = !half;
  }
  return bytes;
}

}  // namespace weir::load
