// A configuration from its text to ServerConfig, or to its problems.
//
// A line `# --set PATH=VALUE` of the input is an override as well as a comment.

#include <algorithm>
#include <string>
#include <vector>

#include "server/config/config_loader.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace weir::fuzz {
namespace {

constexpr const char* kOrigin = "fuzz.yaml";
constexpr std::string_view kSet = "# --set ";

std::vector<Override> overrides_in(std::string_view text) {
  std::vector<Override> overrides;
  while (!text.empty() && overrides.size() < 8) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (!line.starts_with(kSet) || equals == std::string_view::npos) continue;
    const std::string_view path = line.substr(kSet.size(), equals - kSet.size());
    overrides.push_back({std::string(path), std::string(line.substr(equals + 1))});
  }
  return overrides;
}

/// What is loaded can be shown, and what is shown is loaded as the same.
void check_loaded(const ServerConfig& config) {
  require(!config.listeners.empty(), "what loads has a listener");
  const std::string shown = dump_config(config);
  try {
    const ServerConfig again = load_config_text(shown, "shown");
    require(again == config, "the effective configuration loads as itself");
    require(dump_config(again) == shown, "the effective configuration is its own effect");
  } catch (const ConfigError& error) {
    require(false, shown + error.what());
  }
}

void check_problem(const ConfigProblem& problem, int lines, std::size_t longest) {
  const std::string text = problem.to_string();
  require(!problem.message.empty(), "a problem says what is wrong");
  require(text.find('\n') == std::string::npos, "a problem is one line");
  require(text.find('\0') == std::string::npos, "a problem is text");
  require(text.starts_with(problem.origin) && !problem.origin.empty(), "a problem says where it is");
  require(problem.line >= 0 && problem.line <= lines + 1, "a problem's line is one of the file's");
  require((problem.line == 0) == (problem.column == 0), "a line comes with a column");
  require(problem.column >= 0 && static_cast<std::size_t>(problem.column) <= longest + 2,
          "a problem's column is one of its line's");
  require(problem.line == 0 || problem.origin == kOrigin, "only a file has lines");
}

void check_problems(const ConfigError& error, std::string_view text) {
  constexpr std::size_t kMost = 201;
  require(!error.problems().empty() && error.problems().size() <= kMost, "problems are some, and bounded");
  const int lines =
      static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; })) + 1;
  int before = 0;
  for (const ConfigProblem& problem : error.problems()) {
    check_problem(problem, lines, text.size());
    require(problem.line == 0 || problem.line >= before, "problems come in the order of lines");
    before = problem.line == 0 ? lines + 2 : problem.line;
  }
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::fuzz;
  const std::string_view text = as_text(data, size);
  try {
    check_loaded(weir::load_config_text(text, kOrigin, overrides_in(text)));
  } catch (const weir::ConfigError& error) {
    check_problems(error, text);
  }
  return 0;
}
