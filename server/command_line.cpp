#include "server/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/command_line_syntax.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/version.hpp"
#include "server/command_line_admin.hpp"
#include "server/help_text.hpp"

namespace weir {
namespace {

constexpr std::array<std::string_view, 18> kVerbs{
    "run",    "check",       "config",  "echo",          "discard",        "proxy",          "healthcheck",
    "status", "connections", "kill",    "drain-backend", "enable-backend", "drain-listener", "enable-listener",
    "faults", "reload",      "upgrade", "help"};
constexpr const char* kDefaultBind = "127.0.0.1:7000";

/// The options and arguments of all verbs.
struct Parsed {
  std::string config_file;
  std::vector<std::string> set;
  std::string bind;
  std::string admin_bind;
  std::vector<std::string> targets;
  std::string topic;
  bool upper = false;
  bool watch = false;
  bool diff = false;
  AdminArguments admin;
};

[[noreturn]] void refuse(const std::string& verb, const std::string& why) {
  throw UsageError("weir " + verb + ": " + why + "\nsee: weir help " + verb);
}

Command print(std::string text) {
  Command command;
  command.text = std::move(text);
  return command;
}

void check_verb(const std::string& verb) {
  if (std::find(kVerbs.begin(), kVerbs.end(), verb) != kVerbs.end()) return;
  throw UsageError("weir: unknown verb " + in_quotes(verb) + "; " + name_hint(verb, kVerbs) + "\nsee: weir --help");
}

/// `--diff [ADMIN]`
void declare_diff(CLI::App& app, Parsed& parsed) {
  CLI::Option* const diff =
      app.add_option_function<std::vector<std::string>>("--diff", [&parsed](const std::vector<std::string>& admin) {
        parsed.diff = true;
        if (!admin.empty()) parsed.admin.admin = admin.front();
      });
  diff->expected(0, 1);
  app.add_option("--token-file", parsed.admin.token_file)->needs(diff);
}

void declare(CLI::App& app, const std::string& verb, Parsed& parsed) {
  app.name("weir " + verb);
  const auto serves_without_file = [&] { app.add_option("--admin", parsed.admin_bind); };
  const auto settable = [&] { app.add_option("--set", parsed.set)->allow_extra_args(false); };
  if (verb == "run" || verb == "check" || verb == "config") {
    app.add_option("-c,--config,FILE", parsed.config_file);
    settable();
    if (verb == "run") app.add_flag("--watch", parsed.watch);
    if (verb == "check") declare_diff(app, parsed);
  } else if (verb == "echo" || verb == "discard") {
    app.add_option("BIND", parsed.bind);
    if (verb == "echo") app.add_flag("--upper", parsed.upper);
    serves_without_file();
    settable();
  } else if (verb == "proxy") {
    app.add_option("BIND", parsed.bind)->required();
    app.add_option("TARGET", parsed.targets)->required();
    serves_without_file();
    settable();
  } else if (verb == "healthcheck") {
    app.add_option("TARGET", parsed.bind);
  } else if (is_admin_verb(verb)) {
    declare_admin_verb(app, verb, parsed.admin);
  } else {
    app.add_option("VERB", parsed.topic);
  }
}

std::vector<Override> read_overrides(const std::string& verb, const std::vector<std::string>& texts) {
  std::vector<Override> overrides;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      refuse(verb, "--set " + in_quotes(text) + " is not an assignment; write --set path.to.key=value");
    }
    overrides.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return overrides;
}

/// As YAML; addresses may hold blanks, colons and quotes. `what` is what the command line calls it.
std::string quoted_address(const std::string& verb, const std::string& what, const std::string& text, AddressUse use,
                           Ports ports = Ports::range) {
  try {
    parse_address(text, use, ports);
  } catch (const std::invalid_argument& error) {
    refuse(verb, what + " " + error.what());
  }
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string make_config(const std::string& verb, const Parsed& parsed) {
  const std::string bind = parsed.bind.empty() ? kDefaultBind : parsed.bind;
  std::string service = verb + ": {}";
  std::string upstreams;
  if (verb == "echo" && parsed.upper) service = "echo: {transform: upper}";
  if (verb == "proxy") {
    service = "proxy: {upstream: backend}";
    upstreams = "upstreams:\n  - name: backend\n    servers:\n";
    for (const std::string& target : parsed.targets) {
      upstreams += "      - address: " + quoted_address(verb, "TARGET", target, AddressUse::target) + "\n";
    }
  }
  std::string admin;
  if (!parsed.admin_bind.empty()) {
    admin =
        "admin:\n  bind: " + quoted_address(verb, "--admin", parsed.admin_bind, AddressUse::bind, Ports::one) + "\n";
  }
  return "listeners:\n  - name: " + verb + "\n    bind: " + quoted_address(verb, "BIND", bind, AddressUse::bind) +
         "\n    " + service + "\n" + upstreams + admin;
}

Command make_command(const std::string& verb, const Parsed& parsed) {
  if (verb == "help") {
    if (parsed.topic.empty()) return print(help_text());
    check_verb(parsed.topic);
    return print(help_text(parsed.topic));
  }
  Command command;
  if (verb == "healthcheck") {
    command.verb = Command::Verb::healthcheck;
    if (parsed.bind.empty()) return command;
    try {
      command.target = parse_health_target(parsed.bind);
    } catch (const std::invalid_argument& error) {
      refuse(verb, std::string("TARGET ") + error.what());
    }
    return command;
  }
  if (is_admin_verb(verb)) {
    command.verb = Command::Verb::admin;
    try {
      command.admin = make_admin_command(verb, parsed.admin);
    } catch (const std::invalid_argument& error) {
      refuse(verb, error.what());
    }
    return command;
  }
  command.overrides = read_overrides(verb, parsed.set);
  if (verb == "run" || verb == "check" || verb == "config") {
    command.verb = verb == "run" ? Command::Verb::run : verb == "check" ? Command::Verb::check : Command::Verb::config;
    command.config_file = parsed.config_file.empty() ? kDefaultConfigFile : parsed.config_file;
    command.watch = parsed.watch;
    command.diff = parsed.diff;
    if (parsed.diff) {
      try {
        command.admin = make_endpoint_command(parsed.admin);
      } catch (const std::invalid_argument& error) {
        refuse(verb, error.what());
      }
    }
    return command;
  }
  command.verb = Command::Verb::run;
  command.config_file = "weir " + verb;
  command.config_text = make_config(verb, parsed);
  return command;
}

}  // namespace

Command parse_command_line(std::span<const std::string> arguments) {
  if (arguments.empty()) throw UsageError(help_text());
  const std::string& first = arguments.front();
  if (first == "--help" || first == "-h") return print(help_text());
  if (first == "--version" || first == "-V") {
    Command command = print(std::string("weir ") + kVersion + "\n");
    std::span<const std::string> rest = arguments.subspan(1);
    if (!rest.empty() && rest.front() == "--verbose") {
      command.verb = Command::Verb::version;
      rest = rest.subspan(1);
    }
    if (!rest.empty())
      throw UsageError("weir: " + first + " takes no " + in_quotes(rest.front()) + "\nsee: weir --help");
    return command;
  }
  if (first.starts_with('-')) {
    throw UsageError("weir: a verb comes first, not " + in_quotes(first) + "\nsee: weir --help");
  }
  check_verb(first);

  CLI::App app;
  Parsed parsed;
  declare(app, first, parsed);
  // CLI11 wants them in reverse order.
  std::vector<std::string> rest(arguments.rbegin(), arguments.rend() - 1);
  try {
    app.parse(std::move(rest));
  } catch (const CLI::CallForHelp&) {
    return print(help_text(first));
  } catch (const CLI::ParseError& error) {
    refuse(first, error.what());
  }
  return make_command(first, parsed);
}

ProgramSyntax program_syntax() {
  ProgramSyntax program{"weir", help_text()};
  for (const std::string_view verb : kVerbs) {
    CLI::App app;
    Parsed parsed;
    declare(app, std::string(verb), parsed);
    program.verbs.push_back(read_syntax(app, std::string(verb), help_text(verb)));
  }
  return program;
}

}  // namespace weir
