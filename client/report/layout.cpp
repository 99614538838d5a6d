#include "client/report/layout.hpp"

#include <sstream>

namespace weir::load {

namespace {

constexpr std::size_t kColumns = 80;

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t used) {
  std::string lines;
  std::size_t column = used;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + word.size() > kColumns) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!lines.empty()) {
      lines += " ";
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

std::string part(const std::string& name, const std::string& text) {
  constexpr std::size_t kIndent = 13;
  return name + std::string(kIndent - name.size(), ' ') + wrapped(text, kIndent, kIndent) + "\n";
}

}  // namespace weir::load
