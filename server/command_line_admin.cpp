#include "server/command_line_admin.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <stdexcept>
#include <utility>

#include "common/faults/fault_json.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/admin/admin_target.hpp"
#include "server/admin/client.hpp"
#include "server/typed_fault.hpp"

namespace weir {
namespace {

constexpr std::array<std::string_view, 8> kSortKeys{"id", "age", "idle", "rate", "bytes", "kept", "rtt", "retransmits"};

admin::Command::Verb verb_of(std::string_view verb) {
  for (const admin::Command::Verb known :
       {admin::Command::Verb::status, admin::Command::Verb::connections, admin::Command::Verb::kill,
        admin::Command::Verb::drain_backend, admin::Command::Verb::drain_listener,
        admin::Command::Verb::enable_listener, admin::Command::Verb::reload, admin::Command::Verb::upgrade}) {
    if (verb == to_string(known)) return known;
  }
  return admin::Command::Verb::enable_backend;
}

/// Runs a parser of a value and names the option in what it throws.
template <typename Parse>
void check(const char* option, const std::string& text, Parse parse) {
  if (text.empty()) return;
  try {
    parse(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string(option) + " " + error.what());
  }
}

void check_sort(const std::string& key) {
  if (std::find(kSortKeys.begin(), kSortKeys.end(), key) != kSortKeys.end()) return;
  throw std::invalid_argument(in_quotes(key) + " is not a key; " + name_hint(key, kSortKeys));
}

void check_limit(const std::string& text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && text.size() <= 4 && std::stoi(text) >= 1 && std::stoi(text) <= 1000) return;
  throw std::invalid_argument(in_quotes(text) + " is not a number from 1 to 1000");
}

std::string query_of(const AdminArguments& arguments) {
  check("--min-age", arguments.min_age, [](const std::string& text) { parse_duration(text); });
  check("--min-idle", arguments.min_idle, [](const std::string& text) { parse_duration(text); });
  check("--min-rate", arguments.min_rate, [](const std::string& text) { parse_size(text); });
  check("--sort", arguments.sort, check_sort);
  check("--limit", arguments.limit, check_limit);
  const std::array<std::pair<const char*, std::string>, 11> pairs{{
      {"listener", arguments.listener},
      {"upstream", arguments.upstream},
      {"backend", arguments.backend},
      {"source", arguments.source},
      {"min_age", arguments.min_age},
      {"min_idle", arguments.min_idle},
      {"min_rate", arguments.min_rate},
      {"slow", arguments.slow ? "1" : ""},
      {"sort", arguments.sort},
      {"order", arguments.ascending ? "asc" : ""},
      {"limit", arguments.limit},
  }};
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    query += (query.empty() ? "?" : "&") + std::string(name) + "=" + admin::percent_encoded(value);
  }
  return query;
}

/// `set LISTENER NAME KIND [KEY=VALUE...]`
void take_fault_to_set(const AdminArguments& arguments, admin::Command& command) {
  const std::vector<std::string>& words = arguments.words;
  if (words.size() < 4)
    throw std::invalid_argument("set needs LISTENER NAME KIND; write set db slow latency delay=50ms");
  command.verb = admin::Command::Verb::set_fault;
  command.listener = words[1];
  const faults::Fault fault = parse_fault({words[2],
                                           words[3],
                                           {words.begin() + 4, words.end()},
                                           arguments.percent,
                                           arguments.duration,
                                           arguments.direction,
                                           arguments.key,
                                           arguments.sources});
  command.fault = fault.name;
  command.body = boost::json::serialize(faults::to_json(fault));
}

/// `clear [LISTENER [NAME]]`
void take_faults_to_clear(const AdminArguments& arguments, admin::Command& command) {
  const std::vector<std::string>& words = arguments.words;
  if (words.size() > 3) {
    throw std::invalid_argument("clear takes LISTENER and NAME, not " + in_quotes(words[3]) + " as well");
  }
  command.verb = admin::Command::Verb::clear_faults;
  if (words.size() > 1) command.listener = words[1];
  if (words.size() > 2) command.fault = words[2];
}

/// ADMIN stands alone where nothing is set or cleared, and else at --admin, for it would look like a listener.
admin::Command make_faults_command(AdminArguments arguments) {
  const std::vector<std::string>& words = arguments.words;
  const std::string action = words.empty() ? "" : words.front();
  const bool acts = action == "set" || action == "clear";
  if (!acts && words.size() > 1) {
    throw std::invalid_argument(in_quotes(action) + " is not known here; write set or clear before what is to be done");
  }
  arguments.admin = arguments.apart;
  if (!acts && !words.empty()) arguments.admin = action;
  const bool describes = !arguments.percent.empty() || !arguments.duration.empty() || !arguments.direction.empty() ||
                         !arguments.key.empty() || !arguments.sources.empty();
  if (describes && action != "set") {
    throw std::invalid_argument("--percent, --for, --direction, --key and --source describe a fault; write set first");
  }
  if (arguments.json && acts) throw std::invalid_argument("--json lists faults; leave it out after " + action);
  admin::Command command = make_endpoint_command(arguments);
  command.verb = admin::Command::Verb::faults;
  command.json = arguments.json;
  if (action == "set") take_fault_to_set(arguments, command);
  if (action == "clear") take_faults_to_clear(arguments, command);
  return command;
}

}  // namespace

bool is_admin_verb(std::string_view verb) {
  return std::find(kAdminVerbs.begin(), kAdminVerbs.end(), verb) != kAdminVerbs.end();
}

void declare_admin_verb(CLI::App& app, std::string_view verb, AdminArguments& arguments) {
  if (verb == "kill") app.add_option("ID", arguments.id)->required();
  if (verb == "drain-backend" || verb == "enable-backend") {
    app.add_option("UPSTREAM", arguments.upstream)->required();
    app.add_option("ADDRESS", arguments.backend)->required();
  }
  if (verb == "drain-listener" || verb == "enable-listener") app.add_option("NAME", arguments.listener)->required();
  if (verb == "connections") {
    app.add_option("--listener", arguments.listener);
    app.add_option("--upstream", arguments.upstream);
    app.add_option("--backend", arguments.backend);
    app.add_option("--source", arguments.source);
    app.add_option("--min-age", arguments.min_age);
    app.add_option("--min-idle", arguments.min_idle);
    app.add_option("--min-rate", arguments.min_rate);
    app.add_flag("--slow", arguments.slow);
    app.add_option("--sort", arguments.sort);
    app.add_flag("--ascending", arguments.ascending);
    app.add_option("--limit", arguments.limit);
  }
  if (verb == "status" || verb == "connections") {
    CLI::Option* const watch = app.add_flag("--watch", arguments.watch);
    app.add_flag("--json", arguments.json)->excludes(watch);
  }
  if (verb == "reload") app.add_flag("--dry-run", arguments.dry_run);
  app.add_option("--token-file", arguments.token_file);
  if (verb == "faults") {
    app.add_option("WORDS", arguments.words);
    // An empty one, as of a shell's variable that is not set, must not stand for the default.
    const auto something = [](const std::string& text) { return text.empty() ? "it is empty" : ""; };
    app.add_option("--percent", arguments.percent)->check(something);
    app.add_option("--for", arguments.duration)->check(something);
    app.add_option("--direction", arguments.direction)->check(something);
    app.add_option("--source", arguments.sources)->allow_extra_args(false)->check(something);
    app.add_option("--key", arguments.key)->check(something);
    app.add_flag("--json", arguments.json);
    app.add_option("--admin", arguments.apart);
    return;
  }
  app.add_option("ADMIN", arguments.admin);
}

admin::Command make_endpoint_command(const AdminArguments& arguments) {
  admin::Command command;
  if (!arguments.admin.empty()) {
    try {
      command.endpoint = admin::parse_admin_target(arguments.admin);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string("ADMIN ") + error.what());
    }
  }
  command.token_file = arguments.token_file;
  return command;
}

admin::Command make_admin_command(std::string_view verb, const AdminArguments& arguments) {
  if (verb == "faults") return make_faults_command(arguments);
  admin::Command command = make_endpoint_command(arguments);
  command.verb = verb_of(verb);
  command.watch = arguments.watch;
  command.json = arguments.json;
  command.dry_run = arguments.dry_run;
  if (verb == "connections") {
    command.query = query_of(arguments);
    return command;
  }
  command.upstream = arguments.upstream;
  command.backend = arguments.backend;
  command.listener = arguments.listener;
  command.id = arguments.id;
  const bool digits = std::all_of(command.id.begin(), command.id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (verb == "kill" && (!digits || command.id.empty() || command.id.size() > 20)) {
    throw std::invalid_argument("ID " + in_quotes(command.id) +
                                " is not a number; the ids are in weir connections and in the records");
  }
  return command;
}

}  // namespace weir
