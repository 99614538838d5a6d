// A closed-loop load on plain epoll, one thread: what checking an echo costs a client at least, for `weir-load echo`
// to be compared with. Like weir-load it sends messages that differ from each other, checks every byte of every reply,
// and takes the time of every exchange.
//
//     weir-bench-epoll-client [--connections N] [--warmup S] [--duration S] [--length BYTES] TARGET
//
// Prints one JSON object; exits with 1 when a reply was wrong or a connection failed.

#include <array>
#include <cstring>
#include <exception>
#include <random>

#include "bench/yardstick/arguments.hpp"
#include "bench/yardstick/latencies.hpp"
#include "bench/yardstick/socket.hpp"

namespace weir::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;

constexpr int kEventsPerTurn = 64;
constexpr std::size_t kScratch = 64 * 1024;

struct Options {
  std::size_t connections = 64;
  std::size_t length = 64;
  duration<double> warmup{0};
  duration<double> measured{10};
  std::string target;
};

/// What stands before the payload: enough to tell each message from every other.
struct Header {
  std::uint64_t connection;
  std::uint64_t sequence;
};

struct Connection {
  int fd = -1;
  Header next{};
  std::size_t payload_at = 0;  ///< where in the table this message's payload begins
  std::size_t received = 0;
  Clock::time_point sent_at;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), epoll_(make_epoll()), latencies_(4'000'000), connections_(options.connections) {
    if (options.length < sizeof(Header) || options.length > kScratch) {
      throw std::invalid_argument("--length takes 16 to 65536");
    }
    std::mt19937_64 random(1);
    table_.resize(kTable + options.length);
    for (char& byte : table_) byte = static_cast<char>(random());
    message_.resize(options.length);
  }

  void run() {
    connect_all();
    const Clock::time_point begin = Clock::now();
    from_ = begin + duration_cast<Clock::duration>(options_.warmup);
    until_ = from_ + duration_cast<Clock::duration>(options_.measured);
    for (Connection& connection : connections_) send_next(connection, Clock::now());
    loop_until(from_);
    const double cpu_before = cpu_seconds();
    loop_until(until_);
    cpu_ = cpu_seconds() - cpu_before;
  }

  void print_json() {
    std::printf("{\"connections\": %zu, \"requests\": %llu, \"window_s\": %.6f, \"cpu_s\": %.6f, ", connections_.size(),
                static_cast<unsigned long long>(completed_), duration<double>(until_ - from_).count(), cpu_);
    latencies_.print_json();
    std::printf("}\n");
  }

 private:
  static constexpr std::size_t kTable = 1'048'573;

  /// One after the other: what connecting costs is not measured.
  void connect_all() {
    const sockaddr_in address = parse_address(options_.target);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0) fail("socket");
      if (::connect(fd, generic(address), sizeof address) != 0) fail("cannot connect to " + options_.target);
      set_stream_options(fd);
      connections_[i].fd = fd;
      connections_[i].next.connection = i;
      watch(epoll_, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, &connections_[i]);
    }
  }

  void loop_until(Clock::time_point end) {
    std::array<epoll_event, kEventsPerTurn> events;
    while (now_ < end) {
      const int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, 100);
      if (count <= 0) now_ = Clock::now();
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) throw std::runtime_error("a connection ended");
        receive(*static_cast<Connection*>(event.data.ptr));
      }
    }
  }

  /// Takes what has come; a recv that fills less than the scratch buffer has drained the socket.
  void receive(Connection& connection) {
    const ssize_t got = ::recv(connection.fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (got < 0 && not_now()) return;
    if (got <= 0) throw std::runtime_error("a connection ended");
    check(connection, static_cast<std::size_t>(got));
    if (connection.received < options_.length) return;
    now_ = Clock::now();
    if (connection.sent_at >= from_ && now_ <= until_) {
      latencies_.record(now_ - connection.sent_at);
      ++completed_;
    }
    ++connection.next.sequence;
    send_next(connection, now_);
  }

  void check(Connection& connection, std::size_t size) {
    if (connection.received + size > options_.length) throw std::runtime_error("more came back than was sent");
    const char* got = scratch_.data();
    std::size_t at = connection.received;
    connection.received += size;
    if (at < sizeof(Header)) {
      const std::size_t part = std::min(size, sizeof(Header) - at);
      if (std::memcmp(got, reinterpret_cast<const char*>(&connection.next) + at, part) != 0) wrong();
      got += part;
      size -= part;
      at += part;
    }
    if (size != 0 && std::memcmp(got, table_.data() + connection.payload_at + at, size) != 0) wrong();
  }

  [[noreturn]] static void wrong() { throw std::runtime_error("a reply was wrong"); }

  /// `now` is the end of the exchange before, so that an exchange takes one look at the clock.
  void send_next(Connection& connection, Clock::time_point now) {
    connection.sent_at = now;
    connection.received = 0;
    connection.payload_at = (connection.next.connection * 7919 + connection.next.sequence * 31) % kTable;
    std::memcpy(message_.data(), &connection.next, sizeof(Header));
    std::memcpy(message_.data() + sizeof(Header), table_.data() + connection.payload_at + sizeof(Header),
                options_.length - sizeof(Header));
    // The socket is empty here, so that a message of up to 64 KiB finds room, or the send waits for it.
    if (::send(connection.fd, message_.data(), message_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(message_.size())) {
      fail("send");
    }
  }

  const Options& options_;
  int epoll_;
  Latencies latencies_;
  std::vector<Connection> connections_;
  std::vector<char> table_;
  std::vector<char> message_;
  std::array<char, kScratch> scratch_;
  Clock::time_point now_{};
  Clock::time_point from_{};
  Clock::time_point until_{};
  std::uint64_t completed_ = 0;
  double cpu_ = 0;
};

Options parse(int argc, char** argv) {
  Options options;
  options.connections = static_cast<std::size_t>(number_option(argc, argv, "--connections", 64));
  options.length = static_cast<std::size_t>(number_option(argc, argv, "--length", 64));
  options.warmup = duration<double>(number_option(argc, argv, "--warmup", 0));
  options.measured = duration<double>(number_option(argc, argv, "--duration", 10));
  options.target = argc > 1 ? argv[argc - 1] : "";
  return options;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  try {
    weir::bench::raise_descriptor_limit();
    const weir::bench::Options options = weir::bench::parse(argc, argv);
    static weir::bench::Load load(options);
    load.run();
    load.print_json();
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "weir-bench-epoll-client: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-bench-epoll-client: %s\n", error.what());
    return 1;
  }
}
