#include "manuals/help_page.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace weir::manuals {
namespace {

using Kind = HelpBlock::Kind;

/// Terms stand at most that far right, and what goes on below them further.
constexpr std::size_t kDeepestTerm = 6;

constexpr std::string_view kUsage = "usage: ";
constexpr std::string_view kExits = "exit status: ";

std::size_t indent_of(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A line that could begin an item: `-c`, `--config`, `URL`, `run`.
bool has_term(std::string_view line) {
  const std::size_t at = indent_of(line);
  if (at < 2 || at > kDeepestTerm || at == line.size()) return false;
  if (line[at] != '-')
    return (is_letter(line[at]) || is_digit(line[at])) && line.find("  ", at) != std::string_view::npos;
  const std::size_t dashes = line.find_first_not_of('-', at);
  return dashes != std::string_view::npos && is_letter(line[dashes]);
}

/// Where a line's text begins after a term and two blanks.
std::optional<std::size_t> text_after_gap(std::string_view line) {
  const std::size_t gap = line.find("  ", indent_of(line));
  if (gap == std::string_view::npos) return std::nullopt;
  return line.find_first_not_of(' ', gap);
}

class HelpReader {
 public:
  explicit HelpReader(std::string_view text) {
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line);) lines_.push_back(line);
    find_column();
  }

  std::vector<HelpBlock> read() && {
    for (at_ = 0; at_ < lines_.size();) {
      const std::string& line = lines_[at_];
      if (line.empty()) {
        ++at_;
      } else if (line.starts_with(kUsage)) {
        read_usage();
      } else if (line == "examples:" || line == "example:") {
        ++at_;
        read_lines(Kind::examples);
      } else if (line.starts_with(kExits)) {
        read_joined(Kind::exits, line.substr(kExits.size()));
      } else if (has_term(line)) {
        read_item();
      } else if (line.front() == ' ') {
        read_lines(Kind::verbatim);
      } else if (at_ + 1 < lines_.size() && has_term(lines_[at_ + 1])) {
        blocks_.push_back({Kind::heading, {line}});
        ++at_;
      } else {
        read_joined(Kind::paragraph, line);
      }
    }
    return std::move(blocks_);
  }

 private:
  /// Most texts of items begin in one column, which tells where one does behind a single blank.
  void find_column() {
    std::map<std::size_t, int> columns;
    for (const std::string& line : lines_) {
      if (!has_term(line)) continue;
      if (const auto at = text_after_gap(line)) ++columns[*at];
    }
    const auto most = std::max_element(columns.begin(), columns.end(),
                                       [](const auto& one, const auto& other) { return one.second < other.second; });
    if (most != columns.end()) column_ = most->first;
  }

  void read_usage() {
    HelpBlock block{Kind::usage, {lines_[at_++].substr(kUsage.size())}};
    while (at_ < lines_.size() && indent_of(lines_[at_]) == kUsage.size() && !lines_[at_].empty()) {
      block.lines.push_back(lines_[at_++].substr(kUsage.size()));
    }
    blocks_.push_back(std::move(block));
  }

  void read_lines(Kind kind) {
    HelpBlock block{kind};
    while (at_ < lines_.size() && lines_[at_].starts_with(' ')) block.lines.push_back(lines_[at_++].substr(2));
    blocks_.push_back(std::move(block));
  }

  void read_joined(Kind kind, std::string text) {
    for (++at_; at_ < lines_.size() && !lines_[at_].empty() && !begins_anew(lines_[at_], kind); ++at_) {
      text += " " + lines_[at_].substr(indent_of(lines_[at_]));
    }
    blocks_.push_back({kind, {std::move(text)}});
  }
  static bool begins_anew(const std::string& line, Kind kind) {
    return line.starts_with(kExits) || (kind == Kind::paragraph && line.starts_with(' '));
  }

  /// Splits a line into what belongs to the term and what to the text.
  std::pair<std::string, std::string> split(const std::string& line) const {
    const std::size_t begin = indent_of(line);
    std::optional<std::size_t> text = text_after_gap(line);
    if (!text && line.size() > column_ && column_ > begin + 1 && line[column_ - 1] == ' ') {
      // Unless a list of options happens to have a blank there.
      if (line[column_ - 2] != ',') text = column_;
    }
    if (!text) return {line.substr(begin), ""};
    std::string term = line.substr(begin, *text - begin);
    term.erase(term.find_last_not_of(' ') + 1);
    return {term, line.substr(*text)};
  }

  void read_item() {
    HelpBlock block{Kind::item};
    std::string text;
    std::tie(block.term, text) = split(lines_[at_++]);
    // A list of options may need more lines than one.
    while (text.empty() && block.term.ends_with(',') && at_ < lines_.size()) {
      const auto [more, rest] = split(lines_[at_++]);
      block.term += " " + more;
      text = rest;
    }
    const auto goes_on = [&] {
      return at_ < lines_.size() && !lines_[at_].empty() && indent_of(lines_[at_]) > kDeepestTerm;
    };
    for (; goes_on(); ++at_) {
      const std::string more = lines_[at_].substr(indent_of(lines_[at_]));
      text += text.empty() ? more : " " + more;
    }
    if (!text.empty()) block.lines = {text};
    blocks_.push_back(std::move(block));
  }

  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  std::size_t column_ = 0;
  std::vector<HelpBlock> blocks_;
};

/// Without the brackets, commas and dots around it.
std::string bare(std::string word) {
  word.erase(0, std::min(word.find_first_not_of("[("), word.size()));
  word.erase(word.find_last_not_of(".,])") + 1);
  return word;
}

}  // namespace

std::vector<HelpBlock> read_help(std::string_view text) { return HelpReader(text).read(); }

std::vector<HelpOption> options_of(std::string_view term) {
  std::vector<HelpOption> options;
  std::istringstream stream{std::string(term)};
  bool open = false;  // the last word was an option whose value may follow
  for (std::string word; stream >> word;) {
    const std::string name = bare(word);
    const std::size_t dashes = name.find_first_not_of('-');
    if (name.starts_with('-') && dashes <= 2 && dashes < name.size()) {
      options.push_back({name});
      open = !word.ends_with(',') && !word.ends_with(']');
    } else if (open && word != "|") {
      options.back().value = name;
      open = false;
    } else {
      open = false;
    }
  }
  return options;
}

std::vector<std::string> words_of(std::string_view value) {
  if (value.find('|') == std::string_view::npos) return {};
  std::vector<std::string> words;
  std::istringstream stream{std::string(value)};
  for (std::string word; std::getline(stream, word, '|');) words.push_back(word);
  return words;
}

std::vector<HelpOption> all_options(const std::vector<HelpBlock>& page) {
  std::vector<HelpOption> all;
  const auto take = [&all](const std::string& term) {
    for (HelpOption& option : options_of(term)) {
      const auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == option.name; });
      if (known == all.end()) {
        all.push_back(std::move(option));
      } else if (known->value.empty()) {
        known->value = option.value;
      }
    }
  };
  for (const HelpBlock& block : page) {
    if (block.kind == Kind::item) take(block.term);
  }
  for (const HelpBlock& block : page) {
    if (block.kind != Kind::usage) continue;
    for (const std::string& line : block.lines) take(line);
  }
  return all;
}

std::string text_of(const HelpBlock& block) { return block.lines.empty() ? "" : block.lines.front(); }

}  // namespace weir::manuals
