// A TCP echo server on plain epoll: what an echo costs at least, and the backend behind every proxy of bench/run.
//
//     weir-bench-epoll-echo LISTEN          127.0.0.1:7000, or 0.0.0.0%lo:7000 for every address of loopback
//
// Each socket is registered once, edge-triggered; one recv and one send an event, all through one scratch buffer.

#include <array>
#include <csignal>
#include <exception>
#include <memory>
#include <vector>

#include "bench/yardstick/socket.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t kScratch = 64 * 1024;
constexpr int kReadsPerTurn = 4;
constexpr int kAcceptsPerTurn = 32;
constexpr int kEventsPerTurn = 64;

struct Session {
  int fd = -1;
  bool readable = false;
  bool writable = true;
  bool hung_up = false;  ///< a FIN or an error is on its way up: a short recv says nothing
  bool finished = false;
  bool queued = false;
  bool ended = false;
  std::vector<char> rest;  ///< what a partial send left over
};

class Echo {
 public:
  explicit Echo(const std::string& where) : epoll_(make_epoll()), listener_(listen_on(where)) {
    watch(epoll_, listener_, EPOLLIN | EPOLLET, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsPerTurn> events;
    for (;;) {
      const bool busy = accepting_ || !queue_.empty();
      const int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, busy ? 0 : -1);
      for (int i = 0; i < count; ++i) take(events[static_cast<std::size_t>(i)]);
      if (accepting_) accept_some();
      serve_queue();
      ended_.clear();
    }
  }

 private:
  void take(const epoll_event& event) {
    if (event.data.ptr == nullptr) {
      accepting_ = true;
      return;
    }
    Session& session = *static_cast<Session*>(event.data.ptr);
    if (session.ended) return;
    if ((event.events & EPOLLIN) != 0) session.readable = true;
    if ((event.events & EPOLLOUT) != 0) session.writable = true;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) session.readable = session.hung_up = true;
    serve(session);
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == ECONNABORTED || errno == EINTR) continue;
        accepting_ = false;
        if (!not_now()) std::perror("weir-bench-epoll-echo: accept4");
        return;
      }
      auto* session = new Session;
      session->fd = fd;
      watch(epoll_, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, session);
    }
  }

  void serve_queue() {
    serving_.swap(queue_);
    for (Session* session : serving_) {
      session->queued = false;
      if (!session->ended) serve(*session);
    }
    serving_.clear();
  }

  void serve(Session& session) {
    if (!session.rest.empty() && session.writable) {
      const std::vector<char> rest = std::move(session.rest);
      session.rest = {};
      if (!send_all(session, rest.data(), rest.size())) return;
    }
    for (int reads = 0; session.readable && session.rest.empty() && !session.finished; ++reads) {
      if (reads == kReadsPerTurn) return queue(session);
      if (!read_once(session)) return;
    }
    if (session.finished && session.rest.empty()) end(session);
  }

  /// False if the session has ended.
  bool read_once(Session& session) {
    const ssize_t got = ::recv(session.fd, scratch_.data(), scratch_.size(), 0);
    if (got > 0) {
      if (static_cast<std::size_t>(got) < scratch_.size() && !session.hung_up) session.readable = false;
      return send_all(session, scratch_.data(), static_cast<std::size_t>(got));
    }
    if (got == 0) {
      session.finished = true;
      return true;
    }
    session.readable = false;
    if (not_now()) return true;
    end(session);
    return false;
  }

  /// False if the session has ended; what is left over stands in `rest`.
  bool send_all(Session& session, const char* bytes, std::size_t size) {
    const ssize_t sent = ::send(session.fd, bytes, size, MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(size)) return true;
    session.writable = false;
    if (sent < 0 && !not_now()) {
      end(session);
      return false;
    }
    const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    session.rest.assign(bytes + done, bytes + size);
    return true;
  }

  void queue(Session& session) {
    if (session.queued) return;
    session.queued = true;
    queue_.push_back(&session);
  }

  void end(Session& session) {
    ::close(session.fd);
    session.ended = true;
    if (session.queued) std::erase(queue_, &session);
    ended_.emplace_back(&session);
  }

  int epoll_;
  int listener_;
  bool accepting_ = false;
  std::array<char, kScratch> scratch_;
  std::vector<Session*> queue_;
  std::vector<Session*> serving_;
  std::vector<std::unique_ptr<Session>> ended_;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: weir-bench-epoll-echo LISTEN\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  try {
    weir::bench::raise_descriptor_limit();
    static weir::bench::Echo echo(argv[1]);
    echo.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-bench-epoll-echo: %s\n", error.what());
    return 1;
  }
}
