#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <string>

#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {

/// The example under a heading of docs/api.md.
inline boost::json::value documented_answer(const std::string& heading) {
  const std::string text = read_file(source_folder() / "docs/api.md");
  const std::size_t section = text.find("\n## " + heading + "\n");
  const std::size_t begin = text.find("```json\n", section);
  const std::size_t end = text.find("\n```", begin);
  if (section == std::string::npos || end == std::string::npos) throw std::runtime_error("no example of " + heading);
  return boost::json::parse(text.substr(begin + 8, end - begin - 8));
}

/// What docs/api.md shows for sources in a line of text.
inline boost::json::value documented_sources() {
  return boost::json::parse(
      R"({"sources": [{"source": "192.0.2.1", "connections": 6, "bytes_in": 1, "bytes_out": 2}]})");
}

}  // namespace weir::test
