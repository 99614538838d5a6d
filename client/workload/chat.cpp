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

#include "common/io/blocking_connect.hpp"

namespace weir::load {

namespace {

/// What was read from one side and is not yet written to the other; read from again only when it is empty.
struct Pending {
  std::array<char, 16 * 1024> bytes;
  std::size_t begin = 0;
  std::size_t end = 0;

  bool empty() const { return begin == end; }
  void filled(ssize_t count) {
    begin = 0;
    end = static_cast<std::size_t>(count);
  }
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
  Conversation(int socket, int signals) : socket_(socket), signals_(signals) {}

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
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return fail("poll", errno);
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

  void take_typed() {
    const ssize_t count = ::read(STDIN_FILENO, out_.bytes.data(), out_.bytes.size());
    if (count > 0) {
      out_.filled(count);
    } else if (count == 0) {
      typing_done_ = true;
      ::shutdown(socket_, SHUT_WR);
    } else if (!again(errno)) {
      status_ = fail("stdin", errno);
    }
  }

  void send() {
    const ssize_t count = ::send(socket_, out_.bytes.data() + out_.begin, out_.end - out_.begin, MSG_NOSIGNAL);
    if (count >= 0) {
      out_.begin += static_cast<std::size_t>(count);
    } else if (!again(errno)) {
      status_ = fail("the connection failed", errno);
    }
  }

  void receive() {
    const ssize_t count = ::recv(socket_, in_.bytes.data(), in_.bytes.size(), 0);
    if (count > 0) {
      in_.filled(count);
    } else if (count == 0) {
      receiving_done_ = true;
    } else if (!again(errno)) {
      status_ = fail("the connection failed", errno);
    }
  }

  void show() {
    const ssize_t count = ::write(STDOUT_FILENO, in_.bytes.data() + in_.begin, in_.end - in_.begin);
    if (count >= 0) {
      in_.begin += static_cast<std::size_t>(count);
    } else if (!again(errno)) {
      status_ = fail("stdout", errno);
    }
  }

  int socket_;
  int signals_;
  Pending out_;  ///< stdin to socket
  Pending in_;   ///< socket to stdout
  bool typing_done_ = false;
  bool receiving_done_ = false;
  std::optional<int> status_;
};

}  // namespace

int chat(const Address& target, std::chrono::microseconds timeout) {
  ::signal(SIGPIPE, SIG_IGN);
  int error = 0;
  for (const Endpoint& endpoint : resolve(target, AddressUse::target)) {
    const io::ConnectStart connection = io::connect_until(endpoint, io::Clock::now() + timeout);
    error = connection.error;
    if (error != 0) continue;
    const io::Descriptor signals = watch_signals();
    return Conversation(connection.socket.get(), signals.get()).run();
  }
  return fail(("cannot connect to " + target.to_string()).c_str(), error);
}

}  // namespace weir::load
