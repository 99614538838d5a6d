#include "client/workload/chat.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "client/workload/line_editor.hpp"
#include "common/io/blocking_connect.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/polled_session.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kMostAtOnce = tls::PolledSession::kRecord;

/// What was read from one side and is not yet written to the other; read from again only when it is empty.
struct Pending {
  std::string bytes;
  std::size_t begin = 0;

  bool empty() const { return begin == bytes.size(); }
  std::string_view rest() const { return std::string_view(bytes).substr(begin); }
  /// Room for a read. filled() must follow.
  char* room() {
    bytes.resize(kMostAtOnce);
    begin = 0;
    return bytes.data();
  }
  void filled(ssize_t count) { bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0); }
};

bool again(int error) { return error == EAGAIN || error == EINTR; }

int fail(const char* what, int error) {
  std::fprintf(stderr, "weir-load chat: %s: %s\n", what, std::strerror(error));
  return 1;
}

io::Descriptor watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return io::Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// One conversation. poll(2) and not the event loop: it takes regular files, and there are two descriptors in all.
class Conversation {
 public:
  /// `tls` is none where bytes are sent as they are, and `editor` where the input is no terminal.
  Conversation(int socket, tls::PolledSession* tls, int signals, LineEditor* editor)
      : socket_(socket), tls_(tls), signals_(signals), editor_(editor) {}

  int run() {
    for (;;) {
      if (receiving_done_ && in_.empty()) return 0;
      std::array<pollfd, 4> waiting{{
          {typing_done_ || !out_.empty() ? -1 : STDIN_FILENO, POLLIN, 0},
          {socket_, socket_events(), 0},
          {in_.empty() ? -1 : STDOUT_FILENO, POLLOUT, 0},
          {signals_, POLLIN, 0},
      }};
      if (receiving_done_) waiting[1].fd = -1;
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return failed("poll", errno);
      if (waiting[3].revents != 0) return 0;
      if (waiting[0].revents != 0) take_typed();
      if (waiting[1].revents != 0 && in_.empty()) receive();
      if (!out_.empty()) send();
      if (!in_.empty()) show();
      if (status_) return *status_;
    }
  }

 private:
  short socket_events() const { return static_cast<short>((in_.empty() ? POLLIN : 0) | (out_.empty() ? 0 : POLLOUT)); }

  int connection_failed(int error) {
    if (tls_ == nullptr || error != EPROTO) return failed("the connection failed", error);
    if (editor_ != nullptr) editor_->close();
    std::fprintf(stderr, "weir-load chat: the connection failed: TLS: %s\n", tls_->problem().c_str());
    return 1;
  }

  /// The message has a line of its own.
  int failed(const char* what, int error) {
    if (editor_ != nullptr) editor_->close();
    return fail(what, error);
  }

  void take_typed() {
    if (editor_ != nullptr) {
      take_key();
      return;
    }
    const ssize_t count = ::read(STDIN_FILENO, out_.room(), kMostAtOnce);
    const int error = errno;
    out_.filled(count);
    if (count == 0) {
      end_typing();
    } else if (count < 0 && !again(error)) {
      status_ = failed("stdin", error);
    }
  }

  void take_key() {
    out_ = {};
    editor_->take_key(out_.bytes);
    if (editor_->ended()) end_typing();
  }

  void end_typing() {
    typing_done_ = true;
    if (tls_ != nullptr) {
      tls_->finish();
    } else {
      ::shutdown(socket_, SHUT_WR);
    }
  }

  void send() {
    const std::string_view rest = out_.rest();
    const ssize_t count = tls_ != nullptr ? tls_->write(rest.data(), rest.size())
                                          : ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      out_.begin += static_cast<std::size_t>(count);
    } else if (!again(errno)) {
      status_ = connection_failed(errno);
    }
  }

  void receive() {
    const ssize_t count =
        tls_ != nullptr ? tls_->read(in_.room(), kMostAtOnce) : ::recv(socket_, in_.room(), kMostAtOnce, 0);
    const int error = errno;
    in_.filled(count);
    if (count == 0) {
      receiving_done_ = true;
    } else if (count < 0 && !again(error)) {
      status_ = connection_failed(error);
    }
  }

  void show() {
    const std::string_view rest = in_.rest();
    if (editor_ != nullptr) {
      editor_->show(rest);
      in_.begin += rest.size();
      return;
    }
    const ssize_t count = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (count >= 0) {
      in_.begin += static_cast<std::size_t>(count);
    } else if (!again(errno)) {
      status_ = failed("stdout", errno);
    }
  }

  int socket_;
  tls::PolledSession* tls_;
  int signals_;
  LineEditor* editor_;
  Pending out_;  ///< stdin to socket
  Pending in_;   ///< socket to stdout
  bool typing_done_ = false;
  bool receiving_done_ = false;
  std::optional<int> status_;
};

}  // namespace

int chat(const Address& target, std::chrono::microseconds timeout, const std::optional<TlsOptions>& tls) {
  ::signal(SIGPIPE, SIG_IGN);
  std::optional<tls::ClientContext> context;
  if (tls) context.emplace(tls->to_client_options());
  int error = 0;
  for (const Endpoint& endpoint : resolve(target, AddressUse::target)) {
    const io::ConnectStart connection = io::connect_until(endpoint, io::Clock::now() + timeout);
    error = connection.error;
    if (error != 0) continue;
    std::optional<tls::PolledSession> session;
    if (context) {
      session.emplace(connection.socket.get(), context->make(target.is_inet() ? target.host : std::string()));
      if (!session->handshake(io::Clock::now() + timeout)) {
        std::fprintf(
            stderr, "weir-load chat: no TLS with %s: %s%s\n", target.to_string().c_str(), session->problem().c_str(),
            session->is_untrusted() ? " (--cacert FILE names who may sign the certificate, --insecure does not "
                                      "look at it)"
                                    : "");
        return 1;
      }
    }
    const io::Descriptor signals = watch_signals();
    std::optional<LineEditor> editor;
    if (LineEditor::usable()) editor.emplace();
    return Conversation(connection.socket.get(), session ? &*session : nullptr, signals.get(),
                        editor ? &*editor : nullptr)
        .run();
  }
  return fail(("cannot connect to " + target.to_string()).c_str(), error);
}

}  // namespace weir::load
