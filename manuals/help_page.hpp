#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::manuals {

/// What stands in a help text: its parts, in its order.
struct HelpBlock {
  enum class Kind {
    usage,      ///< lines, each a way to call it
    paragraph,  ///< one line, however long
    heading,    ///< one line
    verbatim,   ///< lines
    item,       ///< `term`, and lines of one text, which may be empty
    examples,   ///< lines
    exits,      ///< one line, which begins with the first status
  };
  Kind kind;
  std::vector<std::string> lines{};
  std::string term{};

  bool operator==(const HelpBlock&) const = default;
};

/// An option in a term or a usage line, `--expect same|upper`.
struct HelpOption {
  std::string name;
  std::string value{};  ///< what stands for its value, without brackets; empty: none

  bool operator==(const HelpOption&) const = default;
};

/// Reads a help text by its layout:
///
///     usage: weir echo [BIND]          the first lines, and those that are as far indented
///
///     A paragraph at the margin.
///
///     a heading                        a line at the margin right above an item
///       -c, --config FILE   a text     an item: a term, two blanks or the text's column, and the text, which goes on
///                           below      further right
///       ! other lines                  verbatim
///
///     examples:
///       weir echo
///
///     exit status: 0 done
std::vector<HelpBlock> read_help(std::string_view text);

/// The options that a term or a usage line names.
std::vector<HelpOption> options_of(std::string_view term);

/// The words of `same|upper`; empty where it is another kind of value.
std::vector<std::string> words_of(std::string_view value);

/// Every option of a page's terms and usage lines, once.
std::vector<HelpOption> all_options(const std::vector<HelpBlock>& page);

/// The text of an item.
std::string text_of(const HelpBlock& block);

}  // namespace weir::manuals
