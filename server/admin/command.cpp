#include "server/admin/command.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/beast/http/verb.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "common/printable.hpp"
#include "server/admin/admin_target.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/ask.hpp"
#include "server/admin/connections_text.hpp"
#include "server/admin/status_text.hpp"
#include "server/admin/watch.hpp"

namespace weir::admin {

namespace {

using boost::beast::http::verb;

enum Exit { kDone = 0, kFailed = 1, kBadUsage = 2 };

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

TextStyle style_of_stdout() {
  TextStyle style;
  if (::isatty(STDOUT_FILENO) != 1) return style;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) style.width = size.ws_col;
  style.colours = environment("NO_COLOR").empty();  // https://no-color.org
  return style;
}

Client client_of(const Command& command, const std::string& config_file) {
  const std::string said = command.token_file.empty() ? environment("WEIR_ADMIN_TOKEN_FILE") : command.token_file;
  return {command.endpoint ? *command.endpoint : default_admin_target(environment("WEIR_ADMIN").c_str(), config_file),
          said.empty() ? "" : read_token(said)};
}

std::string view_of_status(const Client& client, const TextStyle& style) {
  StatusAnswers answers;
  answers.status = ask(client, verb::get, "/api/v1/status");
  answers.history = ask_if_known(client, "/api/v1/history");
  answers.sources = ask_if_known(client, "/api/v1/sources?limit=5");
  answers.slow = ask_if_known(client, "/api/v1/connections?slow=1&sort=kept&limit=1000");
  return status_text(answers, style);
}

/// What `status` and `connections` show now.
std::string view_of(const Command& command, const Client& client) {
  const TextStyle style = style_of_stdout();
  if (command.verb == Command::Verb::status && !command.json) return view_of_status(client, style);
  const std::string target =
      command.verb == Command::Verb::status ? "/api/v1/status" : "/api/v1/connections" + command.query;
  if (!command.json) return connections_text(ask(client, verb::get, target), style);
  const std::string answer = boost::json::serialize(ask(client, verb::get, target));
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

/// Carries out what changes something, and says what came of it.
std::string change(const Command& command, const Client& client) {
  if (command.verb == Command::Verb::kill) {
    const auto answer = ask(client, verb::delete_, "/api/v1/connections/" + command.id);
    return fmt::format("connection {} {}\n", command.id,
                       text_of(answer, "result") == "already" ? "had ended already" : "is ended");
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

int complain(const Command& command, const std::string& why, int status) {
  std::fprintf(stderr, "weir %s: %s\n", to_string(command.verb).c_str(), why.c_str());
  return status;
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
    case Command::Verb::enable_backend:
      break;
  }
  return "enable-backend";
}

int run_command(const Command& command, const std::string& config_file) {
  try {
    const Client client = client_of(command, config_file);
    const bool shows = command.verb == Command::Verb::status || command.verb == Command::Verb::connections;
    if (shows && command.watch) {
      watch_view(command, client);
      return complain(command, "cannot write to stdout", kFailed);
    }
    const std::string text = shows ? view_of(command, client) : change(command, client);
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return kDone;
    return complain(command, "cannot write to stdout", kFailed);
  } catch (const std::invalid_argument& error) {
    return complain(command, error.what(), kBadUsage);
  } catch (const Refused& error) {
    return complain(command, error.what(), error.status() == 400 ? kBadUsage : kFailed);
  } catch (const std::exception& error) {
    return complain(command, error.what(), kFailed);
  }
}

}  // namespace weir::admin
