#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/command_syntax.hpp"
#include "server/config/key_types.hpp"

namespace weir::manuals {

/// What a shell offers in some place of a command line.
enum class Offer {
  nothing,
  words,    ///< some that are known
  files,    ///< names of files
  verbs,    ///< the program's
  setting,  ///< an assignment to a key of the configuration
};

struct CompletedOption {
  std::vector<std::string> names;  ///< with their dashes, the short one first
  std::string description;         ///< a few words
  std::string value_name{};        ///< what stands for the value in help; empty for a flag
  bool may_lack_value = false;
  bool repeatable = false;
  Offer offer = Offer::nothing;  ///< for its value
  std::vector<std::string> words{};
};

struct CompletedVerb {
  std::string name;
  std::string description;
  std::vector<CompletedOption> options{};
  Offer offer = Offer::nothing;  ///< for what stands without an option
};

/// All that can be completed of a program's command line.
struct Completion {
  std::string program;
  std::vector<CompletedVerb> verbs{};
  std::vector<CompletedOption> options{};  ///< in the place of a verb
  std::vector<KeyType> keys{};             ///< that --set can have, where it is an option: no sections
};

/// Reads it off the help texts and the definitions.
Completion completion_of(const ProgramSyntax& program, const std::vector<KeyType>& keys);

std::string bash_completion(const Completion& completion);
std::string zsh_completion(const Completion& completion);
std::string fish_completion(const Completion& completion);

/// The first words of a text, up to the end of what they say.
std::string short_description(std::string_view text);

/// A function's name for a program: `weir_load`.
std::string function_name(const std::string& program);

/// A script with the function's name for each @ between underscores.
std::string with_function(std::string script, const std::string& function);

/// A shell's word in single quotes.
std::string shell_quoted(std::string_view text);

}  // namespace weir::manuals
