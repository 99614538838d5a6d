#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::manuals {

/// Writes the source of a manual page in the macros of man(7), as groff and mandoc read them.
class Roff {
 public:
  /// `placeholders`: the words that prose means as values, as FILE, and that are set apart.
  explicit Roff(std::set<std::string> placeholders = {}) : placeholders_(std::move(placeholders)) {}

  /// A macro and its arguments, each of which is one however many words it has: `.SS echo`.
  void macro(std::string_view name, std::initializer_list<std::string_view> arguments = {});

  /// Prose: options are bold, placeholders italic, and what is `in backticks` is bold.
  void text(std::string_view prose);

  /// The end of a usage line, which may take several: words are bold, what stands for a value italic.
  void syntax(std::string_view line);

  /// The term of a paragraph (TP), set alike. It is one line, however long.
  void term(std::string_view line);

  /// A line of source.
  void raw(std::string_view line);

  /// Lines as they are.
  void verbatim(const std::vector<std::string>& lines);

  /// Lines of a shell; one that is too wide for 80 columns goes on in a further one, and what stands three blanks
  /// behind a command becomes a comment above it.
  void commands(const std::vector<std::string>& lines);

  const std::string& source() const { return source_; }

 private:
  void put_words(const std::vector<std::string>& words);
  static std::string syntax_text(std::string_view line);
  std::string marked(std::string_view word) const;

  std::set<std::string> placeholders_;
  std::string source_;
};

/// Text whose every character means itself.
std::string roff_escape(std::string_view text);

/// A command in lines of at most `width` characters, parted before options and between arguments, never in quotes.
std::vector<std::string> fold_command(std::string_view command, std::size_t width);

}  // namespace weir::manuals
