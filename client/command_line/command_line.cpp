#include "client/command_line/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

#include "client/command_line/verb.hpp"
#include "common/command_line_syntax.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

constexpr const char* kOverview = R"(weir-load - load for TCP services, with every byte of every reply checked

usage: weir-load VERB [OPTIONS] TARGET | URL... | FILE...

  echo TARGET       requests and replies over many connections: how much, how fast, how evenly
  stream TARGET     bytes a second one way or both; --serve BIND is the far end
  connect TARGET    connect, one request and reply, close, and again: how many connections a second
  fetch URL...      many URLs at once: what each took, and what doing it at once saved
  chat TARGET       type lines and see the replies
  idle TARGET       hold connections open: which does the other side end, and when
  ab --a X --b Y    one load on two targets in turn: which is faster, and how sure is that
  capacity TARGET   the highest rate that still meets an SLO, and what gives way beyond it
  compare A B       two JSON reports: what differs, and is it chance
  merge A B...      one report of several generators' JSON reports
  report A B...     shows JSON reports as text, or as one HTML page
  help [VERB]       this page, or all about one verb
  --version [--verbose]
                    the version; with --verbose all that it was built from
  --help            this page

TARGET is HOST:PORT, [IPv6]:PORT, unix:/path or unix:@name.

examples:
  weir-load echo 127.0.0.1:7000
  weir-load echo -c 1000 -d 30s -W 5s -l 64:90,16k:10 --json run.json 127.0.0.1:7000
  weir-load connect -c 50 --close rst 127.0.0.1:7000
  weir-load fetch https://localhost:8443/a https://localhost:8443/b --insecure
  printf 'hello\n' | weir-load chat 127.0.0.1:7000

exit status: 0 fine, 1 could not run or more failed than --max-errors, 2 bad usage,
             3 an SLO was not met or a limit of a comparison exceeded, 4 a reply was wrong
)";

constexpr const char* kHelpOfHelp = R"(usage: weir-load help [VERB]

Prints the overview, or all about one verb.
)";

/// In the order of the overview.
const std::array kVerbs{&kEchoVerb, &kStreamVerb,   &kConnectVerb, &kFetchVerb, &kChatVerb,  &kIdleVerb,
                        &kAbVerb,   &kCapacityVerb, &kCompareVerb, &kMergeVerb, &kReportVerb};

std::string overview() { return kOverview; }

const Verb& find_verb(const std::string& name) {
  const auto* const found =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&name](const Verb* verb) { return verb->name == name; });
  if (found != kVerbs.end()) return **found;
  std::vector<std::string_view> names{"help"};
  for (const Verb* verb : kVerbs) names.push_back(verb->name);
  throw UsageError("weir-load: there is no verb " + in_quotes(name) + "; " + name_hint(name, names) +
                   "\nsee: weir-load --help");
}

Command help(std::span<const std::string> arguments) {
  if (arguments.empty() || arguments.front() == "help" || arguments.front().starts_with('-')) {
    return PrintText{overview()};
  }
  return PrintText{find_verb(arguments.front()).help};
}

}  // namespace

Command parse_command_line(std::span<const std::string> arguments) {
  if (arguments.empty()) throw UsageError(overview());
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h") return PrintText{overview()};
  if (name == "--version" || name == "-V") {
    const std::string text = std::string("weir-load ") + kVersion + "\n";
    const bool verbose = arguments.size() > 1 && arguments[1] == "--verbose";
    const std::span<const std::string> rest = arguments.subspan(verbose ? 2 : 1);
    if (!rest.empty()) {
      throw UsageError("weir-load: " + name + " takes no " + in_quotes(rest.front()) + "\nsee: weir-load --help");
    }
    if (verbose) return PrintBuild{text};
    return PrintText{text};
  }
  if (name.starts_with('-')) {
    throw UsageError("weir-load: a verb comes first, not " + in_quotes(name) + "\nsee: weir-load --help");
  }
  if (name == "help") return help(arguments.subspan(1));

  const Verb& verb = find_verb(name);
  CLI::App app;
  app.set_help_flag("-h,--help");
  const auto refuse = [&name](const char* why) {
    throw UsageError("weir-load " + name + ": " + why + "\nsee: weir-load help " + name);
  };
  try {
    const std::function<Command()> make = verb.declare(app);
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend() - 1));
    Command command = make();
    std::vector<std::string> words{"weir-load"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::visit(
        [&words](auto& options) {
          if constexpr (requires { options.command; }) options.command = words;
          if constexpr (requires { options.plan.command; }) options.plan.command = words;
        },
        command);
    return command;
  } catch (const CLI::CallForHelp&) {
    return PrintText{verb.help};
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  return {};
}

ProgramSyntax program_syntax() {
  ProgramSyntax program{"weir-load", overview()};
  for (const Verb* verb : kVerbs) {
    CLI::App app;
    app.set_help_flag("-h,--help");
    verb->declare(app);
    program.verbs.push_back(read_syntax(app, std::string(verb->name), verb->help));
  }
  program.verbs.push_back({"help", kHelpOfHelp, {}, {"VERB"}});
  return program;
}

}  // namespace weir::load
