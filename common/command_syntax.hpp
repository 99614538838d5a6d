#pragma once

#include <string>
#include <vector>

/// What a program's command line looks like, for those who describe it: manuals and completions.
namespace weir {

/// An option or a flag of a verb.
struct OptionSyntax {
  std::vector<std::string> names;  ///< with their dashes, the short one first
  bool takes_value = false;
  bool may_lack_value = false;  ///< takes one, but does without
  bool repeatable = false;
};

struct VerbSyntax {
  std::string name;
  std::string help;                       ///< what `PROGRAM help VERB` prints
  std::vector<OptionSyntax> options{};    ///< without --help
  std::vector<std::string> positional{};  ///< what stands without an option, as FILE
};

struct ProgramSyntax {
  std::string name;
  std::string overview;  ///< what `PROGRAM --help` prints
  std::vector<VerbSyntax> verbs{};
};

}  // namespace weir
