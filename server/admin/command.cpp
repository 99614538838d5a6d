#include "server/admin/command.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/beast/http/verb.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/ask.hpp"
#include "server/admin/connections_text.hpp"
#include "server/admin/faults_command.hpp"
#include "server/admin/faults_text.hpp"
#include "server/admin/reload_command.hpp"
#include "server/admin/shell_client.hpp"
#include "server/admin/status_text.hpp"
#include "server/admin/upgrade_command.hpp"
#include "server/admin/watch.hpp"

namespace weir::admin {

namespace {

using boost::beast::http::verb;

enum Exit { kDone = 0, kFailed = 1, kBadUsage = 2 };

bool shows(Command::Verb verb) {
  return verb == Command::Verb::status || verb == Command::Verb::connections || verb == Command::Verb::faults;
}

TextStyle style_of_stdout() {
  TextStyle style;
  if (::isatty(STDOUT_FILENO) != 1) return style;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) style.width = size.ws_col;
  const char* const no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  style.colours = no_colour == nullptr || *no_colour == '\0';
  return style;
}

std::string view_of_status(const Client& client, const TextStyle& style) {
  StatusAnswers answers;
  answers.status = ask(client, verb::get, "/api/v1/status");
  answers.history = ask_if_known(client, "/api/v1/history");
  answers.sources = ask_if_known(client, "/api/v1/sources?limit=5");
  answers.slow = ask_if_known(client, "/api/v1/connections?slow=1&sort=kept&limit=1000");
  return status_text(answers, style);
}

std::string target_of(const Command& command) {
  if (command.verb == Command::Verb::status) return "/api/v1/status";
  if (command.verb == Command::Verb::faults) return "/api/v1/faults";
  return "/api/v1/connections" + command.query;
}

/// What `status`, `connections` and `faults` show now.
std::string view_of(const Command& command, const Client& client) {
  const TextStyle style = style_of_stdout();
  if (command.verb == Command::Verb::status && !command.json) return view_of_status(client, style);
  const boost::json::value found = ask(client, verb::get, target_of(command));
  if (!command.json) {
    return command.verb == Command::Verb::faults ? faults_text(found, style) : connections_text(found, style);
  }
  const std::string answer = boost::json::serialize(found);
  return (::isatty(STDOUT_FILENO) == 1 ? terminal_text(answer) : answer) + "\n";
}

void watch_view(const Command& command, const Client& client) {
  WatchView view;
  watch([&] {
    try {
      return view.answered(view_of(command, client));
    } catch (const Unreachable& error) {
      return view.away(error.what(), std::chrono::system_clock::now(), style_of_stdout());
    }
  });
}

std::string change_listener(const Command& command, const Client& client) {
  const bool drain = command.verb == Command::Verb::drain_listener;
  const auto answer =
      ask(client, verb::post,
          fmt::format("/api/v1/listeners/{}/{}", percent_encoded(command.listener), drain ? "drain" : "enable"));
  const bool already = text_of(answer, "result") == "already";
  return fmt::format("listener {} {}\n", terminal_text(command.listener),
                     drain
                         ? (already ? "was drained already" : "refuses newcomers and keeps the connections that it has")
                         : (already ? "was not drained" : "takes newcomers again"));
}

/// Carries out what changes something, and says what came of it.
std::string change(const Command& command, const Client& client) {
  if (command.verb == Command::Verb::kill) {
    const auto answer = ask(client, verb::delete_, "/api/v1/connections/" + command.id);
    return fmt::format("connection {} {}\n", command.id,
                       text_of(answer, "result") == "already" ? "had ended already" : "is ended");
  }
  if (command.verb == Command::Verb::drain_listener || command.verb == Command::Verb::enable_listener) {
    return change_listener(command, client);
  }
  const bool drain = command.verb == Command::Verb::drain_backend;
  const auto answer = ask(client, verb::post,
                          fmt::format("/api/v1/backends/{}/{}/{}", percent_encoded(command.upstream),
                                      percent_encoded(command.backend), drain ? "drain" : "enable"));
  const bool already = text_of(answer, "result") == "already";
  return fmt::format("{} of {} {}\n", terminal_text(command.backend), terminal_text(command.upstream),
                     drain ? (already ? "was drained already" : "gets no new connections and keeps those that it has")
                           : (already ? "was not drained" : "gets new connections again"));
}

int complain(const std::string& name, const std::string& why, int status) {
  std::fprintf(stderr, "weir %s: %s\n", name.c_str(), why.c_str());
  return status;
}

int tell(const std::string& name, const Outcome& outcome) {
  if (std::fwrite(outcome.out.data(), 1, outcome.out.size(), stdout) != outcome.out.size() ||
      std::fflush(stdout) != 0) {
    return complain(name, "cannot write to stdout", kFailed);
  }
  std::fputs(outcome.err.c_str(), stderr);
  return outcome.status;
}

/// The exit status of what may throw; the verb's name stands before what went wrong.
int guarded(const std::string& name, const std::function<int()>& act) {
  try {
    return act();
  } catch (const std::invalid_argument& error) {
    return complain(name, error.what(), kBadUsage);
  } catch (const Refused& error) {
    return complain(name, error.what(), error.status() == 400 ? kBadUsage : kFailed);
  } catch (const std::exception& error) {
    return complain(name, error.what(), kFailed);
  }
}

std::chrono::milliseconds patience_for(Command::Verb verb) {
  if (verb == Command::Verb::upgrade) return kPatienceForUpgrade;
  return verb == Command::Verb::reload ? kPatienceForReload : Client::kPatience;
}

Outcome outcome_of(const Command& command, const Client& client) {
  if (command.verb == Command::Verb::reload) return reload(client, command.dry_run);
  if (command.verb == Command::Verb::upgrade) return upgrade(client);
  if (command.verb == Command::Verb::set_fault) return {kDone, set_fault(client, command.listener, command.body)};
  if (command.verb == Command::Verb::clear_faults) {
    return {kDone, clear_faults(client, command.listener, command.fault)};
  }
  if (shows(command.verb)) return {kDone, view_of(command, client)};
  return {kDone, change(command, client)};
}

}  // namespace

std::string to_string(Command::Verb verb) {
  switch (verb) {
    case Command::Verb::status:
      return "status";
    case Command::Verb::connections:
      return "connections";
    case Command::Verb::kill:
      return "kill";
    case Command::Verb::drain_backend:
      return "drain-backend";
    case Command::Verb::drain_listener:
      return "drain-listener";
    case Command::Verb::enable_listener:
      return "enable-listener";
    case Command::Verb::reload:
      return "reload";
    case Command::Verb::upgrade:
      return "upgrade";
    case Command::Verb::faults:
      return "faults";
    case Command::Verb::set_fault:
      return "faults set";
    case Command::Verb::clear_faults:
      return "faults clear";
    case Command::Verb::enable_backend:
      break;
  }
  return "enable-backend";
}

int run_command(const Command& command, const std::string& config_file) {
  const std::string name = to_string(command.verb);
  return guarded(name, [&] {
    const Client client = shell_client(command.endpoint, command.token_file, config_file, patience_for(command.verb));
    if (shows(command.verb) && command.watch) {
      watch_view(command, client);
      return complain(name, "cannot write to stdout", kFailed);
    }
    return tell(name, outcome_of(command, client));
  });
}

int run_check_diff(const Command& command, const ServerConfig& next, const std::string& config_file) {
  return guarded("check", [&] {
    return tell("check", compare_with_running(shell_client(command.endpoint, command.token_file, config_file), next));
  });
}

}  // namespace weir::admin
