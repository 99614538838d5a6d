#include "client/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

#include "client/help_text.hpp"
#include "common/escapes.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

constexpr std::array<std::string_view, 4> kVerbs{"echo", "connect", "chat", "help"};
constexpr std::uint64_t kMostConnections = 1'000'000;
constexpr std::uint64_t kMostThreads = 1024;

[[noreturn]] void refuse(const std::string& verb, const std::string& why) {
  throw UsageError("weir-load " + verb + ": " + why + "\nsee: weir-load help " + verb);
}

Command print(std::string text) {
  Command command;
  command.text = std::move(text);
  return command;
}

void check_verb(const std::string& verb) {
  if (std::find(kVerbs.begin(), kVerbs.end(), verb) != kVerbs.end()) return;
  throw UsageError("weir-load: there is no verb " + in_quotes(verb) + "; " + name_hint(verb, kVerbs) +
                   "\nsee: weir-load --help");
}

/// An option whose text is turned into a value; what is wrong with it becomes the parser's error.
template <typename Store>
void add(CLI::App& app, const char* names, Store store) {
  app.add_option_function<std::string>(names, [store, names](const std::string& text) {
    try {
      store(text);
    } catch (const std::invalid_argument& error) {
      const std::string_view all(names);
      throw CLI::ValidationError(std::string(all.substr(all.rfind(',') + 1)), error.what());
    }
  });
}

std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t count = parse_count(text);
  if (count < least || count > most) {
    throw std::invalid_argument("is " + std::to_string(least) + " to " + std::to_string(most) + ", not " + text);
  }
  return count;
}

LoadOptions::Duration positive_duration(const std::string& text) {
  const LoadOptions::Duration duration = parse_duration(text);
  if (duration <= LoadOptions::Duration(0)) throw std::invalid_argument("must be longer than nothing, as in 10s");
  return duration;
}

std::string message_text(const std::string& text) {
  std::string plain = unescape(text);
  if (plain.empty()) throw std::invalid_argument("needs a text of at least one byte");
  return plain;
}

void add_load_options(CLI::App& app, LoadOptions& options) {
  add(app, "-c,--connections", [&options](const std::string& text) {
    options.connections = static_cast<std::uint32_t>(number(text, 1, kMostConnections));
  });
  add(app, "-t,--threads",
      [&options](const std::string& text) { options.threads = static_cast<unsigned>(number(text, 1, kMostThreads)); });
  add(app, "-d,--duration", [&options](const std::string& text) { options.duration = positive_duration(text); });
  add(app, "-n,--requests", [&options](const std::string& text) { options.requests = number(text, 1, 1ULL << 53); });
  add(app, "-W,--warmup", [&options](const std::string& text) { options.warmup = parse_duration(text); });
  add(app, "-l,--length", [&options](const std::string& text) { options.message.lengths = LengthSpec::parse(text); });
  add(app, "--message", [&options](const std::string& text) { options.message.text = message_text(text); });
  add(app, "--expect", [&options](const std::string& text) {
    if (text != "same" && text != "upper") throw std::invalid_argument("is same or upper, not " + in_quotes(text));
    options.message.upper = text == "upper";
  });
  add(app, "--seed", [&options](const std::string& text) { options.message.seed = number(text, 0, 1ULL << 53); });
  add(app, "--timeout", [&options](const std::string& text) { options.timeout = positive_duration(text); });
  add(app, "--source", [&options](const std::string& text) { options.source = SourceAddresses::parse(text); });
  add(app, "--max-errors", [&options](const std::string& text) { options.max_errors = number(text, 0, 1ULL << 53); });
  add(app, "-i,--interval", [&options](const std::string& text) {
    options.interval = positive_duration(text);
    if (options.interval < std::chrono::milliseconds(10)) throw std::invalid_argument("is 10ms at least");
  });
  add(app, "--json", [&options](const std::string& text) { options.json_file = text; });
  app.add_flag("--quiet", options.quiet);
}

void add_connect_options(CLI::App& app, LoadOptions& options) {
  app.add_flag_callback("--no-exchange", [&options] { options.exchange = false; });
  add(app, "--close", [&options](const std::string& text) {
    if (text != "fin" && text != "rst") throw std::invalid_argument("is fin or rst, not " + in_quotes(text));
    options.close_by = text == "fin" ? CloseBy::fin : CloseBy::rst;
  });
}

}  // namespace

Command parse_command_line(std::span<const std::string> arguments) {
  if (arguments.empty()) throw UsageError(help_text());
  const std::string& verb = arguments.front();
  if (verb == "--help" || verb == "-h") return print(help_text());
  if (verb == "--version" || verb == "-V") return print(std::string("weir-load ") + kVersion + "\n");
  if (verb.starts_with('-')) {
    throw UsageError("weir-load: a verb comes first, not " + in_quotes(verb) + "\nsee: weir-load --help");
  }
  check_verb(verb);

  Command command;
  LoadOptions& options = command.options;
  std::string target;
  CLI::App app;
  app.set_help_flag("-h,--help");
  app.add_option(verb == "help" ? "VERB" : "TARGET", target)->required(verb != "help");
  if (verb == "chat") {
    add(app, "--timeout", [&options](const std::string& text) { options.timeout = positive_duration(text); });
  } else if (verb != "help") {
    add_load_options(app, options);
  }
  if (verb == "echo") {
    add(app, "--connect-rate",
        [&options](const std::string& text) { options.connect_rate = number(text, 0, kMostConnections); });
  }
  if (verb == "connect") add_connect_options(app, options);
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend() - 1));
    if (verb == "help") {
      if (target.empty()) return print(help_text());
      check_verb(target);
      return print(target == "help" ? help_text() : help_text(target));
    }
    options.target = parse_address(target, AddressUse::target);
  } catch (const CLI::CallForHelp&) {
    return print(verb == "help" ? help_text() : help_text(verb));
  } catch (const CLI::ParseError& error) {
    refuse(verb, error.what());
  } catch (const std::invalid_argument& error) {
    refuse(verb, std::string("TARGET ") + error.what());
  }
  if (!options.exchange && !options.message.text.empty()) refuse(verb, "--message has no use with --no-exchange");
  options.workload = verb == "connect" ? Workload::connect : Workload::echo;
  command.verb = verb == "chat" ? Command::Verb::chat : Command::Verb::load;
  return command;
}

}  // namespace weir::load
