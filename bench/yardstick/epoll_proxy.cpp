// A TCP proxy on plain epoll, as little as correctness allows: what a proxy costs at least. It is the yardstick of
// bench/run, not a product: one thread, no time limits, no records.
//
//     weir-bench-epoll-proxy LISTEN BACKEND [COUNT]
//
// With a count there are so many backends, at the address and those that follow it; connections go to them in turn.
//
//     client ◀── downstream ── backend        each direction: one recv, one send, one scratch buffer for all
//     client ─── upstream ──▶ backend
//
// Both sockets are registered once, edge-triggered. A recv shorter than the buffer means that the socket is drained,
// unless a FIN or an error was announced with the bytes: that edge comes only once.

#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "bench/yardstick/socket.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t kScratch = 64 * 1024;
/// Reads of one direction in a turn; a session with more to read waits for the others.
constexpr int kReadsPerTurn = 4;
constexpr int kAcceptsPerTurn = 32;
constexpr int kEventsPerTurn = 64;
constexpr std::uint32_t kEdges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

struct Session;

/// One socket of a session, and what still has to be sent to it.
struct Side {
  Session* session = nullptr;
  int fd = -1;
  bool readable = false;
  bool writable = false;
  bool hung_up = false;   ///< a FIN or an error is on its way up: a short recv says nothing
  bool finished = false;  ///< its FIN was read
  bool failed = false;
  std::vector<char> rest;  ///< what a partial send left over
};

struct Session {
  Side client;
  Side backend;
  bool connected = false;
  bool queued = false;  ///< stands in the list of those with more to do
  bool ended = false;
};

class Proxy {
 public:
  Proxy(const std::string& where, const std::string& backend, std::uint32_t backends)
      : backend_(parse_address(backend)), backends_(backends), epoll_(make_epoll()), listener_(listen_on(where)) {
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
      ended_.clear();  // only now: an event of this turn may have named one of them
    }
  }

 private:
  void take(const epoll_event& event) {
    if (event.data.ptr == nullptr) {
      accepting_ = true;
      return;
    }
    Side& side = *static_cast<Side*>(event.data.ptr);
    Session& session = *side.session;
    if (session.ended) return;
    if ((event.events & EPOLLIN) != 0) side.readable = true;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.readable = side.hung_up = true;
    if ((event.events & EPOLLERR) != 0) side.failed = true;
    if ((event.events & EPOLLOUT) != 0) {
      side.writable = true;
      if (&side == &session.backend) session.connected = true;
    }
    serve(session);
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == ECONNABORTED || errno == EINTR) continue;
        accepting_ = false;
        if (!not_now()) std::perror("weir-bench-epoll-proxy: accept4");
        return;
      }
      open_session(fd);
    }
  }

  void open_session(int client) {
    int backend = -1;
    try {
      backend = start_connect(next_backend());
    } catch (const std::system_error& error) {
      std::fprintf(stderr, "weir-bench-epoll-proxy: %s\n", error.what());
      reset(client);
      return;
    }
    auto* session = new Session;
    session->client.session = session->backend.session = session;
    session->client.fd = client;
    session->backend.fd = backend;
    watch(epoll_, client, kEdges, &session->client);
    watch(epoll_, backend, kEdges, &session->backend);
  }

  sockaddr_in next_backend() {
    sockaddr_in next = backend_;
    next.sin_addr.s_addr = htonl(ntohl(backend_.sin_addr.s_addr) + turn_);
    turn_ = turn_ + 1 == backends_ ? 0 : turn_ + 1;
    return next;
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
    if (session.client.failed || session.backend.failed) return abort(session);
    if (!session.connected) return;
    const bool more_up = pump(session.client, session.backend);
    const bool more_down = !session.client.failed && !session.backend.failed && pump(session.backend, session.client);
    if (session.client.failed || session.backend.failed) return abort(session);
    if (session.client.finished && session.backend.finished && session.client.rest.empty() &&
        session.backend.rest.empty()) {
      return close(session);
    }
    if ((more_up || more_down) && !session.queued) {
      session.queued = true;
      queue_.push_back(&session);
    }
  }

  /// Moves what `from` has to `to`; true if there is more to do without a further event.
  bool pump(Side& from, Side& to) {
    if (!send_rest(to)) return false;
    for (int reads = 0; from.readable && !from.finished; ++reads) {
      if (!to.writable) return false;
      if (reads == kReadsPerTurn) return true;
      const ssize_t got = ::recv(from.fd, scratch_.data(), scratch_.size(), 0);
      if (got > 0) {
        if (static_cast<std::size_t>(got) < scratch_.size() && !from.hung_up) from.readable = false;
        if (!send_all(to, scratch_.data(), static_cast<std::size_t>(got))) return false;
      } else if (got == 0) {
        from.finished = true;
        ::shutdown(to.fd, SHUT_WR);
      } else {
        from.readable = false;
        from.failed = !not_now();
      }
    }
    return false;
  }

  /// False if something is left over, which then stands in `rest`.
  static bool send_all(Side& to, const char* bytes, std::size_t size) {
    const ssize_t sent = ::send(to.fd, bytes, size, MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(size)) return true;
    to.writable = false;
    if (sent < 0 && !not_now()) {
      to.failed = true;
      return false;
    }
    const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    to.rest.assign(bytes + done, bytes + size);
    return false;
  }

  static bool send_rest(Side& to) {
    if (to.rest.empty()) return true;
    if (!to.writable) return false;
    const std::vector<char> rest = std::move(to.rest);
    to.rest = {};
    return send_all(to, rest.data(), rest.size());
  }

  /// A side was reset or could not be reached: the other one hears of it as a reset.
  void abort(Session& session) {
    reset(session.client.fd);
    reset(session.backend.fd);
    end(session);
  }

  void close(Session& session) {
    ::close(session.client.fd);
    ::close(session.backend.fd);
    end(session);
  }

  void end(Session& session) {
    session.ended = true;
    if (session.queued) std::erase(queue_, &session);
    ended_.emplace_back(&session);
  }

  sockaddr_in backend_;
  std::uint32_t backends_;
  std::uint32_t turn_ = 0;
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
  const int backends = argc == 4 ? std::atoi(argv[3]) : 1;
  if (argc < 3 || argc > 4 || backends < 1) {
    std::fprintf(stderr, "usage: weir-bench-epoll-proxy LISTEN BACKEND [COUNT]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  try {
    weir::bench::raise_descriptor_limit();
    static weir::bench::Proxy proxy(argv[1], argv[2], static_cast<std::uint32_t>(backends));
    proxy.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-bench-epoll-proxy: %s\n", error.what());
    return 1;
  }
}
