#include "client/fetch/url_file.hpp"

#include <cerrno>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "common/printable.hpp"

namespace weir::load {

namespace {

std::string_view without_blanks(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

std::vector<Url> read_urls(std::istream& stream, const std::string& name) {
  std::vector<Url> urls;
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const std::string_view text = without_blanks(line);
    if (text.empty() || text.front() == '#') continue;
    try {
      urls.push_back(parse_url(text));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(name + ":" + std::to_string(number) + ": " + in_quotes(text) + " " + error.what());
    }
  }
  if (stream.bad()) throw std::runtime_error("cannot read " + name);
  return urls;
}

}  // namespace

std::vector<Url> read_url_file(const std::string& path) {
  if (path == "-") return read_urls(std::cin, "stdin");
  std::ifstream file(path);
  // A directory opens, but cannot be read.
  if (!file || (file.peek() == std::ifstream::traits_type::eof() && file.bad())) {
    throw std::runtime_error("cannot read " + in_quotes(path) + ": " + std::generic_category().message(errno));
  }
  file.clear();
  return read_urls(file, path);
}

}  // namespace weir::load
