#include "server/admin/reload_command.hpp"

#include <algorithm>
#include <boost/beast/http/verb.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string_view>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/ask.hpp"
#include "server/config/config_diff_text.hpp"
#include "server/config/config_loader.hpp"

namespace weir::admin {
namespace {

using boost::beast::http::verb;

enum ReloadExit { kApplied = 0, kRefused = 1, kDiffers = 3 };

/// The lines of a text, each fit for a terminal.
std::string lines_of(const boost::json::value& text) {
  if (!text.is_string()) return "";
  std::string_view rest = text.get_string();
  std::string lines;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines += terminal_text(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

Outcome refused(const Refused& why) {
  Outcome outcome{kRefused};
  for (const auto& problem : list_of(why.answer(), "problems")) outcome.err += lines_of(problem);
  outcome.err += std::string("weir reload: ") + why.what() + "\n";
  return outcome;
}

ConnectionCounts counts_of(const boost::json::value& status) {
  const auto number = [](const boost::json::value& of) { return static_cast<std::uint64_t>(number_of(of, "active")); };
  ConnectionCounts counts;
  for (const auto& listener : list_of(status, "listeners")) {
    counts.listeners[text_of(listener, "name")] += number(listener);
  }
  for (const auto& upstream : list_of(status, "upstreams")) {
    for (const auto& backend : list_of(upstream, "backends")) {
      counts.backends[{text_of(upstream, "name"), text_of(backend, "entry")}] += number(backend);
    }
  }
  return counts;
}

ConfigDiff difference(const Client& client, const std::string& running, const std::string& next) {
  try {
    return diff_dumps(running, next);
  } catch (const ConfigError& error) {
    throw Unreachable("what " + client.address().to_string() + " answers is no configuration (" + error.what() +
                      "); is it the admin endpoint of weir?");
  }
}

}  // namespace

Outcome reload(const Client& client, bool dry_run) {
  try {
    const auto answer = ask(client, verb::post, dry_run ? "/api/v1/reload?dry_run=1" : "/api/v1/reload");
    if (text_of(answer, "result") == "unchanged") return {kApplied, "nothing differs from what runs\n"};
    return {kApplied, lines_of(member_of(answer, "text"))};
  } catch (const Refused& why) {
    if (why.status() != 409) throw;
    return refused(why);
  }
}

Outcome compare_with_running(const Client& client, const ServerConfig& next) {
  const std::string running = ask_text(client, verb::get, "/api/v1/config");
  const ConfigDiff diff = difference(client, running, dump_config(next));
  if (diff.empty()) return {kApplied, "nothing differs from what runs\n"};
  Outcome outcome{kDiffers, describe(diff, counts_of(ask(client, verb::get, "/api/v1/status")))};
  if (!diff.refused.empty()) {
    outcome.status = kRefused;
    outcome.err = "weir check: a reload would be refused, because of the lines that begin with !\n";
  }
  return outcome;
}

}  // namespace weir::admin
