#include "manuals/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <stdexcept>

#include "manuals/help_page.hpp"

namespace weir::manuals {
namespace {

using Kind = HelpBlock::Kind;
using Page = std::vector<HelpBlock>;

/// An item that tells of so many options at once says nothing of each.
constexpr std::size_t kManyOptions = 3;
constexpr std::size_t kLongestDescription = 68;
constexpr std::size_t kShortestBeforeColon = 20;

/// What an item of the page says of an option; nothing if it has none of its own.
std::string told_of(const Page& page, const std::string& option) {
  for (const HelpBlock& block : page) {
    if (block.kind != Kind::item) continue;
    const std::vector<HelpOption> options = options_of(block.term);
    const auto longs =
        std::count_if(options.begin(), options.end(), [](const auto& one) { return one.name.starts_with("--"); });
    if (static_cast<std::size_t>(longs) >= kManyOptions) continue;
    const bool named =
        std::any_of(options.begin(), options.end(), [&option](const auto& one) { return one.name == option; });
    if (named) return text_of(block);
  }
  return "";
}

/// What the pages say of an option, that of its verb first.
std::string description_of(const Page& own, const std::vector<Page>& all, const std::string& option) {
  std::string text = told_of(own, option);
  for (const Page& page : all) {
    if (!text.empty()) break;
    text = told_of(page, option);
  }
  return short_description(text);
}

Offer offer_for(const std::string& value, const std::vector<std::string>& words) {
  if (!words.empty()) return Offer::words;
  if (value == "FILE" || value == "FILES") return Offer::files;
  if (value == "path.to.key=value") return Offer::setting;
  return Offer::nothing;
}

CompletedVerb complete_verb(const VerbSyntax& verb, const Page& page, const std::vector<Page>& all) {
  CompletedVerb completed{verb.name, ""};
  const std::vector<HelpOption> told = all_options(page);
  for (const OptionSyntax& option : verb.options) {
    const std::string& name = option.names.back();
    CompletedOption one{option.names, description_of(page, all, name)};
    one.may_lack_value = option.may_lack_value;
    one.repeatable = option.repeatable;
    const auto found = std::find_if(told.begin(), told.end(), [&name](const auto& help) { return help.name == name; });
    if (found != told.end() && option.takes_value) {
      one.value_name = found->value;
      one.words = words_of(found->value);
      one.offer = offer_for(found->value, one.words);
    }
    if (option.takes_value == one.value_name.empty()) {
      throw std::invalid_argument(fmt::format("the help of {} is wrong about the value of {}", verb.name, name));
    }
    completed.options.push_back(std::move(one));
  }
  completed.options.push_back({{"-h", "--help"}, "show the help of this verb"});
  for (const std::string& argument : verb.positional) {
    if (argument == "FILE") completed.offer = Offer::files;
    if (argument == "VERB") completed.offer = Offer::verbs;
  }
  return completed;
}

}  // namespace

std::string short_description(std::string_view text) {
  std::size_t end = text.size();
  for (const std::string_view stop : {"; ", " ("}) end = std::min(end, text.find(stop, 1));
  // What stands before an early colon says too little.
  end = std::min(end, text.find(": ", kShortestBeforeColon));
  for (std::size_t at = text.find(". ", 1); at < end; at = text.find(". ", at + 1)) {
    if (text[at - 1] != '.') end = at;
  }
  std::string words(text.substr(0, end));
  while (words.ends_with('.') || words.ends_with(',')) words.pop_back();
  if (words.size() <= kLongestDescription) return words;
  return words.substr(0, words.rfind(' ', kLongestDescription)) + " ...";
}

std::string function_name(const std::string& program) {
  std::string name = program;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string with_function(std::string script, const std::string& function) {
  for (std::size_t at = script.find("_@_"); at != std::string::npos; at = script.find("_@_", at)) {
    script.replace(at + 1, 1, function);
  }
  return script;
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1);
  return quoted + "'";
}

Completion completion_of(const ProgramSyntax& program, const std::vector<KeyType>& keys) {
  Completion completion{program.name};
  std::vector<Page> pages;
  for (const VerbSyntax& verb : program.verbs) pages.push_back(read_help(verb.help));
  const Page overview = read_help(program.overview);
  for (std::size_t at = 0; at < program.verbs.size(); ++at) {
    CompletedVerb verb = complete_verb(program.verbs[at], pages[at], pages);
    for (const HelpBlock& block : overview) {
      if (block.kind != Kind::item || block.term.substr(0, block.term.find(' ')) != verb.name) continue;
      verb.description = short_description(text_of(block));
    }
    if (verb.description.empty()) {
      throw std::invalid_argument(fmt::format("{} --help has no {}", program.name, verb.name));
    }
    completion.verbs.push_back(std::move(verb));
  }
  completion.options = {{{"-h", "--help"}, "show the overview"}, {{"-V", "--version"}, "show the version"}};
  const auto has_set = [](const CompletedVerb& verb) {
    return std::any_of(verb.options.begin(), verb.options.end(),
                       [](const auto& option) { return option.offer == Offer::setting; });
  };
  if (std::any_of(completion.verbs.begin(), completion.verbs.end(), has_set)) {
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(completion.keys),
                 [](const KeyType& key) { return !key.section || !key.words.empty(); });
  }
  return completion;
}

}  // namespace weir::manuals
