#include "manuals/command_manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "manuals/frame.hpp"
#include "manuals/help_page.hpp"
#include "manuals/roff.hpp"

namespace weir::manuals {
namespace {

using Kind = HelpBlock::Kind;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// The words in capitals that terms and usage lines have for values. PROXY is a protocol too.
std::set<std::string> placeholders_of(const std::vector<HelpBlock>& page) {
  std::set<std::string> found;
  const auto take = [&found](const std::string& line) {
    for (std::size_t at = 0; at < line.size();) {
      std::size_t end = at;
      while (end < line.size() && is_upper(line[end])) ++end;
      if (end - at > 1) found.insert(line.substr(at, end - at));
      at = end + 1;
    }
  };
  for (const HelpBlock& block : page) {
    if (block.kind == Kind::item) take(block.term);
    if (block.kind != Kind::usage) continue;
    for (const std::string& line : block.lines) take(line);
  }
  found.erase("PROXY");
  return found;
}

void write_usage(Roff& out, const std::string& line, const std::string& program, const std::string& verb) {
  const std::string call = verb.empty() ? program : fmt::format("{} {}", program, verb);
  if (!line.starts_with(call)) throw std::invalid_argument(fmt::format("the usage of {} is \"{}\"", call, line));
  out.macro("SY", {call});
  if (line.size() > call.size() + 1) out.syntax(line.substr(call.size() + 1));
  out.macro("YS");
  // Which has words parted again.
  out.macro("nh");
}

std::string as_heading(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + ":";
}

void write_item(Roff& out, const HelpBlock& block) {
  out.macro("TP");
  out.term(block.term);
  out.text(text_of(block));
}

/// `0 done, 1 failed` as a list.
void write_exits(Roff& out, const std::string& text) {
  std::istringstream words(text);
  std::string meaning;
  const auto flush = [&] {
    if (meaning.empty()) return;
    if (meaning.ends_with(',') || meaning.ends_with(';')) meaning.pop_back();
    out.text(meaning + ".");
    meaning.clear();
  };
  for (std::string word; words >> word;) {
    const bool is_status = word.size() == 1 && std::isdigit(static_cast<unsigned char>(word.front())) != 0;
    if (is_status && (meaning.empty() || meaning.ends_with(',') || meaning.ends_with(';'))) {
      flush();
      out.macro("TP", {"4"});
      out.term(word);
    } else {
      meaning += meaning.empty() ? as_heading(word) : " " + word;
      if (meaning.ends_with(':')) meaning.pop_back();
    }
  }
  flush();
}

void write_block(Roff& out, const HelpBlock& block, const std::string& program, const std::string& verb) {
  switch (block.kind) {
    case Kind::usage:
      for (const std::string& line : block.lines) write_usage(out, line, program, verb);
      break;
    case Kind::heading:
      out.macro("PP");
      out.macro("I", {as_heading(text_of(block))});
      break;
    case Kind::paragraph:
      out.macro("PP");
      out.text(text_of(block));
      break;
    case Kind::verbatim:
      out.verbatim(block.lines);
      break;
    case Kind::item:
      write_item(out, block);
      break;
    case Kind::examples:
      out.macro("PP");
      out.text(block.lines.size() == 1 ? "Example:" : "Examples:");
      out.commands(block.lines);
      break;
    case Kind::exits:
      out.macro("PP");
      out.text("Exit status: " + text_of(block) + ".");
      break;
  }
}

/// Where the options that a verb has are not those that its help names, a line for each.
std::string differences(const std::string& program, const VerbSyntax& verb, const std::vector<HelpBlock>& page) {
  std::string lines;
  std::set<std::string> declared;
  for (const OptionSyntax& option : verb.options) declared.insert(option.names.begin(), option.names.end());
  std::set<std::string> told;
  for (const HelpOption& option : all_options(page)) told.insert(option.name);
  for (const std::string& name : declared) {
    if (!told.contains(name)) lines += fmt::format("\n{} help {} does not name {}", program, verb.name, name);
  }
  for (const std::string& name : told) {
    if (!declared.contains(name)) {
      lines += fmt::format("\n{} help {} names {}, which there is not", program, verb.name, name);
    }
  }
  return lines;
}

std::string write_verbs(const ProgramSyntax& program) {
  std::string source;
  std::string wrong;
  for (const VerbSyntax& verb : program.verbs) {
    const std::vector<HelpBlock> page = read_help(verb.help);
    wrong += differences(program.name, verb, page);
    Roff out(placeholders_of(page));
    out.macro("SS", {verb.name});
    for (const HelpBlock& block : page) write_block(out, block, program.name, verb.name);
    source += out.source();
  }
  if (!wrong.empty()) throw std::invalid_argument("help texts and options differ:" + wrong);
  return source;
}

}  // namespace

std::string command_manual(std::string_view frame, const ProgramSyntax& program) {
  const std::vector<HelpBlock> page = read_help(program.overview);
  const std::set<std::string> placeholders = placeholders_of(page);
  Parts parts = common_parts();
  Roff name;
  Roff synopsis(placeholders);
  Roff list(placeholders);
  Roff options(placeholders);
  Roff addresses({"BIND", "TARGET", "ADMIN", "FILE"});
  Roff exits;
  Roff examples;
  const std::string title = program.name + " - ";
  for (const HelpBlock& block : page) {
    switch (block.kind) {
      case Kind::usage:
        write_block(synopsis, block, program.name, "");
        break;
      case Kind::item:
        // What has a value is a variable of the environment.
        if (block.term.starts_with('-') || block.term.find('=') != std::string::npos) {
          write_item(options, block);
          break;
        }
        // Only the first stands apart from what is above it.
        if (list.source().find(".PD") == std::string::npos && !list.source().empty()) list.macro("PD", {"0"});
        list.macro("TP", {"4"});
        list.term(block.term);
        list.text(text_of(block));
        break;
      case Kind::paragraph:
        if (text_of(block).starts_with(title)) {
          name.raw(fmt::format("{} \\- {}", program.name, roff_escape(text_of(block).substr(title.size()))));
        } else if (text_of(block).starts_with("BIND is ") || text_of(block).starts_with("TARGET is ")) {
          addresses.text(text_of(block));
        }
        break;
      case Kind::exits:
        write_exits(exits, text_of(block));
        break;
      case Kind::examples:
        examples.commands(block.lines);
        break;
      case Kind::heading:
      case Kind::verbatim:
        throw std::invalid_argument(fmt::format("the overview of {} has \"{}\"", program.name, text_of(block)));
    }
  }
  list.macro("PD");
  parts["NAME"] = name.source();
  parts["SYNOPSIS"] = synopsis.source();
  parts["VERB_LIST"] = list.source();
  parts["VERBS"] = write_verbs(program);
  parts["OPTIONS"] = options.source();
  parts["ADDRESSES"] = addresses.source();
  parts["EXIT_STATUS"] = exits.source();
  parts["EXAMPLES"] = examples.source();
  return fill_frame(frame, parts);
}

}  // namespace weir::manuals
