#include "manuals/command_manual.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <regex>
#include <stdexcept>
#include <string>

#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::manuals {
namespace {

using ::testing::HasSubstr;

constexpr const char* kFrame = "@VERSION@@NAME@@SYNOPSIS@@VERB_LIST@@VERBS@@OPTIONS@@ADDRESSES@@EXIT_STATUS@@EXAMPLES@";

ProgramSyntax program(const std::string& verb_help, std::vector<OptionSyntax> options) {
  return {"weir",
          "weir - serves\n\nusage: weir VERB\n\n  run [FILE]      serves\n\n  --help          this\n\n"
          "BIND is a place.\n\nexamples:\n  weir run\n\nexit status: 0 done, 1 failed or not, 2 bad\n",
          {{"run", verb_help, std::move(options)}}};
}

TEST(CommandManual, HasWhatTheHelpTextsSay) {
  const std::string manual = command_manual(
      kFrame, program("usage: weir run [FILE]\n\nServes FILE.\n\n  -q, --quiet    no words\n", {{{"-q", "--quiet"}}}));
  EXPECT_THAT(manual, HasSubstr("weir \\- serves\n"));
  EXPECT_THAT(manual, HasSubstr(".SS run\n.SY \"weir run\"\n[\\fIFILE\\fR]\n.YS\n.nh\n.PP\nServes \\fIFILE\\fR.\n"));
  EXPECT_THAT(manual, HasSubstr(".TP\n\\fB\\-q\\fR, \\fB\\-\\-quiet\\fR\nno words\n"));
  EXPECT_THAT(manual, HasSubstr("\\fIBIND\\fR is a place.\n"));
  EXPECT_THAT(manual, HasSubstr("Done.\n"));
  EXPECT_THAT(manual, HasSubstr("Failed or not.\n"));
}

TEST(CommandManual, AnOptionThatTheHelpDoesNotNameIsAnError) {
  EXPECT_THROW(command_manual(kFrame, program("usage: weir run\n", {{{"--quiet"}}})), std::invalid_argument);
}

TEST(CommandManual, AnOptionThatThereIsNotIsAnError) {
  EXPECT_THROW(command_manual(kFrame, program("usage: weir run [--quiet]\n", {})), std::invalid_argument);
}

/// Names that `pattern` finds in the sources of a folder.
std::set<std::string> found_in(const char* folder, const std::regex& pattern) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::source_folder() / folder)) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = test::read_file(entry.path().string());
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) names.insert((*at)[1]);
  }
  return names;
}

std::string frame(const char* name) { return test::read_file((test::source_folder() / "manuals" / name).string()); }

TEST(CommandManual, NamesEveryVariableOfTheEnvironmentThatIsRead) {
  const std::regex variable(R"re((?:getenv|environment)\("([A-Z_]+)"\))re");
  for (const char* folder : {"server", "common"}) {
    for (const std::string& name : found_in(folder, variable)) EXPECT_THAT(frame("weir.8.in"), HasSubstr(name));
  }
  const std::set<std::string> of_client = found_in("client", variable);
  EXPECT_FALSE(of_client.empty());
  for (const std::string& name : of_client) EXPECT_THAT(frame("weir-load.1.in"), HasSubstr(name));
}

TEST(CommandManual, NamesEverySignalThatTheDaemonHandles) {
  const std::set<std::string> signals = found_in("server/control", std::regex(R"re(\b(SIG[A-Z0-9]+)\b)re"));
  EXPECT_THAT(signals, ::testing::IsSupersetOf({"SIGHUP", "SIGTERM", "SIGUSR1"}));
  for (const std::string& name : signals) EXPECT_THAT(frame("weir.8.in"), HasSubstr(name));
}

}  // namespace
}  // namespace weir::manuals
