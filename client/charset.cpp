#include "client/charset.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "common/printable.hpp"

namespace weir::load {

namespace {

/// What is drawn with, and what stands for it. A bar ends with a part of a column; the thin ones look like its edge.
constexpr std::array<std::pair<std::string_view, char>, 17> kDrawn{{
    {"▁", '_'},
    {"▂", '.'},
    {"▃", ':'},
    {"▄", '-'},
    {"▅", '='},
    {"▆", '+'},
    {"▇", '*'},
    {"█", '#'},
    {"▏", '|'},
    {"▎", '|'},
    {"▍", '|'},
    {"▌", '#'},
    {"▋", '#'},
    {"▊", '#'},
    {"▉", '#'},
    {"▕", '|'},
    {"…", '~'},
}};

}  // namespace

bool is_utf8_locale(std::string_view name) {
  std::string charset;
  const std::size_t dot = name.find('.');
  for (const char c : dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1)) {
    if (c == '@') break;
    if (c != '-') charset += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  return charset == "utf8";
}

std::string locale_of_environment() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "C";
}

std::string drawn_in_ascii(std::string_view text) {
  std::string ascii;
  ascii.reserve(text.size());
  while (!text.empty()) {
    const std::string_view character = text.substr(0, std::max<std::size_t>(utf8_length(text), 1));
    const auto* const drawn =
        std::find_if(kDrawn.begin(), kDrawn.end(), [character](const auto& each) { return each.first == character; });
    if (character.size() > 1 && drawn != kDrawn.end()) {
      ascii += drawn->second;
    } else {
      ascii += character;
    }
    text.remove_prefix(character.size());
  }
  return ascii;
}

std::string for_locale(std::string text) {
  static const bool kUtf8 = is_utf8_locale(locale_of_environment());
  return kUtf8 ? std::move(text) : drawn_in_ascii(text);
}

}  // namespace weir::load
