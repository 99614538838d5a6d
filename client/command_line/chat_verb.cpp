#include "client/command_line/tls_arguments.hpp"
#include "client/command_line/verb.hpp"

namespace weir::load {

namespace {

constexpr const char* kChatHelp = R"(usage: weir-load chat [OPTIONS] TARGET

Sends what is typed, line by line, and shows what comes back. The end of the input (Ctrl-D) is
passed on, and the rest of the replies is awaited; when the peer closes, it is over. On a terminal,
lines can be edited, arrow-up calls up earlier ones, and replies are shown above the line that is
typed. Input may be a pipe or a file.

      --timeout TIME      for the connect, and for a TLS handshake (5s)
      --tls, --cacert FILE, --insecure, --sni NAME, --alpn LIST, --cert FILE, --key FILE
                          TLS, as for echo

examples:
  weir-load chat 127.0.0.1:7000
  printf 'hello\n' | weir-load chat 127.0.0.1:7000

exit status: 0 over, 1 could not connect or the connection broke, 2 bad usage
)";

std::function<Command()> declare_chat(CLI::App& app) {
  const auto options = std::make_shared<ChatOptions>();
  add_target(app, options->target);
  add(app, "--timeout", [options](const std::string& text) { options->timeout = positive_duration(text); });
  const auto tls = std::make_shared<TlsArguments>();
  add_tls(app, *tls, Resumes::no);
  return [options, tls, &app]() -> Command {
    options->tls = tls_of(app, *tls, {&options->target});
    return *options;
  };
}

}  // namespace

const Verb kChatVerb{"chat", kChatHelp, declare_chat};

}  // namespace weir::load
