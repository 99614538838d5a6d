#include <fmt/format.h>

#include <string>
#include <vector>

#include "manuals/completion.hpp"

namespace weir::manuals {
namespace {

std::string joined_names(const std::vector<CompletedOption>& options) {
  std::string names;
  for (const CompletedOption& option : options) {
    for (const std::string& name : option.names) names += names.empty() ? name : " " + name;
  }
  return names;
}

/// `run:-c | run:--config`, the pattern of a case.
std::string pattern_of(const CompletedVerb& verb, const CompletedOption& option) {
  std::string pattern;
  for (const std::string& name : option.names) {
    pattern += fmt::format("{}{}:{}", pattern.empty() ? "" : " | ", verb.name, name);
  }
  return pattern;
}

std::string action_of(const CompletedOption& option, const std::string& function) {
  switch (option.offer) {
    case Offer::words:
      return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", fmt::join(option.words, " "));
    case Offer::files:
      return "_filedir";
    case Offer::setting:
      return fmt::format("_{}_setting \"$verb\"", function);
    case Offer::verbs:
    case Offer::nothing:
      break;
  }
  return ":";
}

/// The names of lists' items: as they are written already, else what a verb without a file gives them.
constexpr const char* kBashSetting = R"bash(
# Completes an assignment to a key of the configuration. Items of lists go by their names, which stand in the file.
_@_setting() {
  local listener= upstream= server=0 path key words
  case $1 in
    echo | discard) listener=$1 ;;
    proxy) listener=proxy upstream=backend ;;
  esac
  path=${cur%%=*}
  [[ $path =~ ^listeners\.([^.]+)\. ]] && listener=${BASH_REMATCH[1]}
  [[ $path =~ ^upstreams\.([^.]+)\. ]] && upstream=${BASH_REMATCH[1]}
  [[ $path =~ ^upstreams\.[^.]+\.servers\.([^.]+)\. ]] && server=${BASH_REMATCH[1]}
  words=
  for key in "${!_@_keys[@]}"; do
    path=$key
    path=${path/#listeners.N./listeners.$listener.}
    path=${path/#upstreams.N./upstreams.$upstream.}
    path=${path/.servers.N./.servers.$server.}
    path=${path/%..*/.}
    if [[ $path == *. ]]; then
      words+="$path "
    elif [[ $cur == "$path="* ]]; then
      words=
      for key in ${_@_keys[$key]}; do words+="$path=$key "; done
      break
    else
      words+="$path= "
    fi
  done
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[.=] ]] && compopt -o nospace
  # Readline has taken what stands before the = already.
  if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then COMPREPLY=("${COMPREPLY[@]#"${cur%%=*}="}"); fi
}
)bash";

std::string bash_keys(const Completion& completion, const std::string& function) {
  if (completion.keys.empty()) return "";
  std::string text = fmt::format("\ndeclare -gA _{}_keys=(\n", function);
  for (const KeyType& key : completion.keys) {
    text += fmt::format("  [{}]='{}'\n", key.path, fmt::join(key.words, " "));
  }
  return text + ")\n" + with_function(kBashSetting, function);
}

}  // namespace

std::string bash_completion(const Completion& completion) {
  const std::string function = function_name(completion.program);
  std::string verbs;
  std::string options;
  std::string values;
  std::string files;
  std::string helped;
  for (const CompletedVerb& verb : completion.verbs) {
    verbs += verb.name + " ";
    options += fmt::format("    {}) options='{}' ;;\n", verb.name, joined_names(verb.options));
    for (const CompletedOption& option : verb.options) {
      if (option.value_name.empty() || option.may_lack_value) continue;
      values += fmt::format("    {})\n      {}\n      return\n      ;;\n", pattern_of(verb, option),
                            action_of(option, function));
    }
    if (verb.offer == Offer::files) files += (files.empty() ? "" : " | ") + verb.name;
    if (verb.offer == Offer::verbs) helped += (helped.empty() ? "" : " | ") + verb.name;
  }
  return fmt::format(
      R"bash(# Completes {0} in bash. Written by the build from the program's own definitions.
{1}
_{2}() {{
  local cur prev words cword verb options=
  _init_completion -n =: || return
  if ((cword == 1)); then
    options='{3}'
    [[ $cur != -* ]] || options='{4}'
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  verb=${{words[1]}}
  case $verb in
    -V | --version) options=--verbose ;;
{5}  esac
  # --option=value
  if [[ $cur == --*=* ]]; then
    prev=${{cur%%=*}}
    cur=${{cur#*=}}
  fi
  case $verb:$prev in
{6}  esac
  if [[ $cur == -* || $verb == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  case $verb in
    {7}) _filedir ;;
    {8}) COMPREPLY=($(compgen -W '{3}' -- "$cur")) ;;
  esac
}} &&
  complete -F _{2} {0}
)bash",
      completion.program, bash_keys(completion, function), function, verbs, joined_names(completion.options), options,
      values, files, helped);
}

}  // namespace weir::manuals
