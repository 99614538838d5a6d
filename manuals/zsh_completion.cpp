#include <fmt/format.h>

#include <string>

#include "manuals/completion.hpp"

namespace weir::manuals {
namespace {

/// A description within the brackets of a specification of _arguments.
std::string zsh_description(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_value(const CompletedVerb& verb, const CompletedOption& option, const std::string& function) {
  if (option.value_name.empty()) return "";
  std::string action = " ";
  if (option.offer == Offer::files) action = "_files";
  if (option.offer == Offer::words) action = fmt::format("({})", fmt::join(option.words, " "));
  // The blank before it keeps _arguments from adding arguments.
  if (option.offer == Offer::setting) action = fmt::format(" _{}_setting {}", function, verb.name);
  const std::string name = option.offer == Offer::words ? "word" : option.value_name;
  return fmt::format("{}{}:{}", option.may_lack_value ? "::" : ":", zsh_description(name), action);
}

/// A specification as _arguments takes it: '(-c --config)'{-c+,--config=}'[the file]:FILE:_files'
std::string zsh_option(const CompletedVerb& verb, const CompletedOption& option, const std::string& function) {
  const auto with_sign = [&option](const std::string& name) {
    if (option.value_name.empty() || option.may_lack_value) return name;
    return name + (name.starts_with("--") ? "=" : "+");
  };
  const std::string tail =
      fmt::format("[{}]{}", zsh_description(option.description), zsh_value(verb, option, function));
  if (option.names.size() == 1) {
    return shell_quoted((option.repeatable ? "*" : "") + with_sign(option.names.front()) + tail);
  }
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ",") + with_sign(name);
  const std::string before = option.repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
  return fmt::format("'{}'{{{}}}{}", before, names, shell_quoted(tail));
}

constexpr const char* kZshSetting = R"zsh(
# Completes an assignment to a key of the configuration. Items of lists go by their names, which stand in the file; the
# verbs that need no file have given them some.
_@_setting() {
  local listener upstream server=0 key place word
  local -a match mbegin mend places assignments
  case $1 in
    (echo|discard) listener=$1 ;;
    (proxy) listener=proxy upstream=backend ;;
  esac
  [[ $PREFIX =~ '^listeners\.([^.=]+)\.' ]] && listener=$match[1]
  [[ $PREFIX =~ '^upstreams\.([^.=]+)\.' ]] && upstream=$match[1]
  [[ $PREFIX =~ '^upstreams\.[^.=]+\.servers\.([^.=]+)\.' ]] && server=$match[1]
  for key in ${(k)_@_keys}; do
    place=${key/#listeners.N./listeners.$listener.}
    place=${place/#upstreams.N./upstreams.$upstream.}
    place=${place/.servers.N./.servers.$server.}
    place=${place/..*/.}
    if [[ $place == *. ]]; then
      places+=($place)
    elif [[ $PREFIX == ${(b)place}=* ]]; then
      for word in ${=_@_keys[$key]}; do assignments+=($place=$word); done
    else
      places+=($place=)
    fi
  done
  compadd -Q -S '' -- ${(u)places}
  compadd -Q -- $assignments
}
)zsh";

}  // namespace

std::string zsh_completion(const Completion& completion) {
  const std::string& program = completion.program;
  const std::string function = function_name(program);
  std::string text = fmt::format(
      "#compdef {0}\n# Completes {0} in zsh. Written by the build from the program's own definitions.\n", program);
  if (!completion.keys.empty()) {
    text += fmt::format("\ntypeset -gA _{}_keys\n_{}_keys=(\n", function, function);
    for (const KeyType& key : completion.keys) text += fmt::format("  {} '{}'\n", key.path, fmt::join(key.words, " "));
    text += ")\n" + with_function(kZshSetting, function);
  }
  std::string verbs;
  std::string names;
  std::string cases;
  for (const CompletedVerb& verb : completion.verbs) {
    verbs += fmt::format("      {}\n", shell_quoted(fmt::format("{}:{}", verb.name, verb.description)));
    names += (names.empty() ? "" : " ") + verb.name;
  }
  std::string options;
  for (const CompletedOption& option : completion.options) {
    for (const std::string& name : option.names) {
      options += fmt::format("      {}\n", shell_quoted(fmt::format("{}:{}", name, option.description)));
    }
  }
  for (const CompletedVerb& verb : completion.verbs) {
    cases += fmt::format("    ({})\n      _arguments", verb.name);
    for (const CompletedOption& option : verb.options) {
      cases += fmt::format(" \\\n        {}", zsh_option(verb, option, function));
    }
    const std::string rest = verb.offer == Offer::files   ? "*:FILE:_files"
                             : verb.offer == Offer::verbs ? fmt::format("1:verb:({})", names)
                                                          : "*:argument: ";
    cases += fmt::format(" \\\n        {}\n      ;;\n", shell_quoted(rest));
  }
  return text + fmt::format(R"zsh(
_{0}() {{
  local verb
  local -a verbs options
  if ((CURRENT == 2)); then
    verbs=(
{1}    )
    options=(
{2}    )
    if [[ $PREFIX == -* ]]; then
      _describe -o option options
    else
      _describe verb verbs
    fi
    return
  fi
  verb=$words[2]
  shift words
  ((CURRENT--))
  case $verb in
    (-V|--version)
      _arguments '--verbose[with what it was built from]'
      ;;
{3}  esac
}}

_{0} "$@"
)zsh",
                            function, verbs, options, cases);
}

}  // namespace weir::manuals
