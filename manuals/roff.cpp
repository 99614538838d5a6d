#include "manuals/roff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <sstream>

#include "common/printable.hpp"

namespace weir::manuals {
namespace {

/// What man(1) leaves of 80 columns for examples.
constexpr std::size_t kExampleWidth = 71;
/// mandoc(1) likes sources of at most 80.
constexpr std::size_t kSourceWidth = 78;

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff_escape(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff_escape(text)); }

/// The code point of the character at the start of well-formed UTF-8 (RFC 3629).
std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(character[at]));
  };
  if (character.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0xFFU >> (character.size() + 1));
  for (std::size_t at = 1; at < character.size(); ++at) code = code << 6 | (byte(at) & 0x3FU);
  return code;
}

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  std::istringstream stream{std::string(text)};
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// Shell words with their quotes, and the blanks between them dropped.
std::vector<std::string> shell_words(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  char quote = '\0';
  for (const char c : command) {
    if (quote == '\0' && c == ' ') {
      if (!word.empty()) words.push_back(word);
      word.clear();
      continue;
    }
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    }
    word += c;
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

bool is_option(std::string_view word) {
  const std::size_t dashes = word.find_first_not_of('-');
  return dashes != std::string_view::npos && dashes >= 1 && dashes <= 2 &&
         std::isalpha(static_cast<unsigned char>(word[dashes])) != 0;
}

/// A word's core, without brackets and punctuation at its ends.
struct Core {
  std::string_view before, core, after;
};

Core core_of(std::string_view word) {
  const std::size_t begin = std::min(word.find_first_not_of("(["), word.size());
  std::size_t end = word.find_last_not_of(".,:;)]?!") + 1;
  end = std::max(end, begin);
  return {word.substr(0, begin), word.substr(begin, end - begin), word.substr(end)};
}

}  // namespace

std::string roff_escape(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length);
    if (length > 1) {
      escaped += fmt::format("\\[u{:04X}]", code_point(character));
      continue;
    }
    switch (character.front()) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += "\\-";
        break;
      case '\'':
        escaped += "\\(aq";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case '"':
        escaped += "\\(dq";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::vector<std::string> fold_command(std::string_view command, std::size_t width) {
  if (command.size() <= width) return {std::string(command)};
  std::vector<std::string> lines;
  std::string line;
  const std::vector<std::string> words = shell_words(command);
  for (std::size_t at = 0; at < words.size(); ++at) {
    // An option's value stays beside it.
    std::string piece = words[at];
    if (is_option(piece) && at + 1 < words.size() && !is_option(words[at + 1])) piece += " " + words[++at];
    if (!line.empty() && line.size() + 1 + piece.size() + 2 > width) {
      lines.push_back(line + " \\");
      line = "    " + piece;
    } else {
      line += line.empty() ? piece : " " + piece;
    }
  }
  lines.push_back(line);
  return lines;
}

void Roff::macro(std::string_view name, std::initializer_list<std::string_view> arguments) {
  source_ += fmt::format(".{}", name);
  for (const std::string_view argument : arguments) {
    const bool quotes = argument.empty() || argument.find(' ') != std::string_view::npos;
    const std::string_view sign = quotes ? "\"" : "";
    source_ += fmt::format(" {0}{1}{0}", sign, roff_escape(argument));
  }
  source_ += '\n';
}

void Roff::raw(std::string_view line) { source_ += fmt::format("{}\n", line); }

std::string Roff::marked(std::string_view word) const {
  const auto [before, core, after] = core_of(word);
  std::string text = roff_escape(before);
  if (is_option(core)) {
    text += bold(core);
  } else if (core.size() > 2 && core.front() == '`' && core.back() == '`') {
    text += bold(core.substr(1, core.size() - 2));
  } else if (placeholders_.contains(std::string(core))) {
    text += italic(core);
  } else {
    text += roff_escape(core);
  }
  return text + roff_escape(after);
}

void Roff::put_words(const std::vector<std::string>& words) {
  std::string line;
  const auto flush = [&] {
    if (line.empty()) return;
    if (line.front() == '.') line.insert(0, "\\&");
    source_ += line + '\n';
    line.clear();
  };
  for (const std::string& word : words) {
    if (!line.empty() && line.size() + 1 + word.size() > kSourceWidth) flush();
    line += line.empty() ? word : " " + word;
    // Sentences begin lines, by which roff knows their ends.
    if (word.size() > 1 && (word.back() == '.' || word.back() == '?') && !word.ends_with("..")) flush();
  }
  flush();
}

void Roff::text(std::string_view prose) {
  std::vector<std::string> words;
  std::string quoted;  // what stands in backticks may have several words
  for (const std::string& word : words_in(prose)) {
    const auto ticks = std::count(word.begin(), word.end(), '`');
    if (quoted.empty() && ticks != 1) {
      words.push_back(marked(word));
      continue;
    }
    quoted += quoted.empty() ? word : " " + word;
    if (std::count(quoted.begin(), quoted.end(), '`') % 2 == 1) continue;
    words.push_back(marked(quoted));
    quoted.clear();
  }
  if (!quoted.empty()) words.push_back(marked(quoted));
  put_words(words);
}

std::string Roff::syntax_text(std::string_view line) {
  std::string text;
  std::string run;  // of letters that are set alike
  const auto flush = [&] {
    if (run.empty()) return;
    const bool value =
        !is_option(run) && (run.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos ||
                            run.find('=') != std::string::npos || run.find(".json") != std::string::npos);
    const bool dots = run.find_first_not_of('.') == std::string::npos;
    text += dots ? run : value ? italic(run) : bold(run);
    run.clear();
  };
  for (const char c : line) {
    if (std::string_view("[]| ,()").find(c) == std::string_view::npos) {
      run += c;
      continue;
    }
    flush();
    text += c;
  }
  flush();
  return text;
}

void Roff::syntax(std::string_view line) { put_words(words_in(syntax_text(line))); }

void Roff::term(std::string_view line) { raw(syntax_text(line)); }

void Roff::verbatim(const std::vector<std::string>& lines) {
  // Right below a section's title there is no paragraph to end.
  if (!source_.empty()) macro("PP");
  source_ += ".RS 2\n.EX\n";
  for (const std::string& line : lines) {
    const std::string escaped = roff_escape(line);
    source_ += escaped.starts_with('.') ? "\\&" + escaped : escaped;
    source_ += '\n';
  }
  source_ += ".EE\n.RE\n";
}

void Roff::commands(const std::vector<std::string>& lines) {
  std::vector<std::string> folded;
  for (const std::string& line : lines) {
    const std::size_t gap = line.find("   ");
    if (gap != std::string::npos) folded.push_back("# " + line.substr(line.find_first_not_of(' ', gap)));
    for (std::string& part : fold_command(line.substr(0, gap), kExampleWidth)) folded.push_back(std::move(part));
  }
  verbatim(folded);
}

}  // namespace weir::manuals
