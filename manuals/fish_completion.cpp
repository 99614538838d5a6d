#include <fmt/format.h>

#include <string>

#include "manuals/completion.hpp"

namespace weir::manuals {
namespace {

/// The names of an option as fish's complete takes them.
std::string fish_names(const CompletedOption& option) {
  std::string names;
  for (const std::string& name : option.names) {
    names += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
  }
  return names;
}

std::string fish_value(const CompletedOption& option, const std::string& function) {
  if (option.value_name.empty() || option.may_lack_value) return "";
  switch (option.offer) {
    case Offer::words:
      return fmt::format(" -x -a '{}'", fmt::join(option.words, " "));
    case Offer::files:
      return " -r -F";
    case Offer::setting:
      return fmt::format(" -x -a '(__fish_{}_settings)'", function);
    case Offer::verbs:
    case Offer::nothing:
      break;
  }
  return " -x";
}

constexpr const char* kFishSettings = R"fish(
# Prints what may be assigned to a key of the configuration. Items of lists go by their names, which stand in the file;
# the verbs that need no file have given them some.
function __fish_@_settings
    set -l words (commandline -opc)
    set -l current (commandline -ct | string replace -r -- '^--set=' '')
    set -l listener ''
    set -l upstream ''
    set -l server 0
    switch "$words[2]"
        case echo discard
            set listener $words[2]
        case proxy
            set listener proxy
            set upstream backend
    end
    set -l path (string split -m 1 = -- $current)[1]
    set -l named (string match -r -- '^listeners\.([^.]+)\.' $path)
    and set listener $named[2]
    set named (string match -r -- '^upstreams\.([^.]+)\.' $path)
    and set upstream $named[2]
    set named (string match -r -- '^upstreams\.[^.]+\.servers\.([^.]+)\.' $path)
    and set server $named[2]
    for line in $__fish_@_keys
        set -l key (string split -m 1 = -- $line)
        set path (string replace -r -- '^listeners\.N\.' "listeners.$listener." $key[1] |
            string replace -r -- '^upstreams\.N\.' "upstreams.$upstream." |
            string replace -- .servers.N. .servers.$server. |
            string replace -r -- '\.\..*' .)
        if string match -q -- '*.' $path
            echo $path
        else if string match -q -- "$path=*" $current
            for word in (string split -n ' ' -- $key[2])
                echo $path=$word
            end
        else
            echo $path=
        end
    end | sort -u
end
)fish";

}  // namespace

std::string fish_completion(const Completion& completion) {
  const std::string& program = completion.program;
  const std::string function = function_name(program);
  std::string text = fmt::format(
      R"fish(# Completes {0} in fish. Written by the build from the program's own definitions.

# Whether the verb, which comes first, is one of the arguments.
function __fish_{1}_verb_is
    set -l words (commandline -opc)
    test (count $words) -ge 2
    and contains -- $words[2] $argv
end

function __fish_{1}_needs_verb
    test (count (commandline -opc)) -eq 1
end
)fish",
      program, function);
  if (!completion.keys.empty()) {
    text += fmt::format("\nset -g __fish_{}_keys", function);
    for (const KeyType& key : completion.keys) {
      text += fmt::format(" \\\n    '{}={}'", key.path, fmt::join(key.words, " "));
    }
    text += with_function(kFishSettings, function);
  }
  text += fmt::format("\ncomplete -c {} -f\n", program);
  std::string names;
  for (const CompletedVerb& verb : completion.verbs) names += (names.empty() ? "" : " ") + verb.name;
  for (const CompletedVerb& verb : completion.verbs) {
    text += fmt::format("complete -c {} -n __fish_{}_needs_verb -a {} -d {}\n", program, function, verb.name,
                        shell_quoted(verb.description));
  }
  for (const CompletedOption& option : completion.options) {
    text += fmt::format("complete -c {} -n __fish_{}_needs_verb{} -d {}\n", program, function, fish_names(option),
                        shell_quoted(option.description));
  }
  text +=
      fmt::format("complete -c {} -n '__fish_{}_verb_is -V --version' -l verbose -d 'with what it was built from'\n",
                  program, function);
  for (const CompletedVerb& verb : completion.verbs) {
    const std::string condition = fmt::format("complete -c {} -n '__fish_{}_verb_is {}'", program, function, verb.name);
    text += "\n";
    if (verb.offer == Offer::files) text += condition + " -F\n";
    if (verb.offer == Offer::verbs) text += fmt::format("{} -a '{}'\n", condition, names);
    for (const CompletedOption& option : verb.options) {
      text += fmt::format("{}{}{} -d {}\n", condition, fish_names(option), fish_value(option, function),
                          shell_quoted(option.description));
    }
  }
  return text;
}

}  // namespace weir::manuals
