// How long a newcomer waits for its first reply: opens connections at a gentle fixed rate, each sends 64 bytes, reads
// them back and closes. A probe's time begins when it was due, not when it was made, so that a prober that was held up
// hides nothing; probes do not wait for each other.
//
//     weir-bench-newcomers [--rate N] [--duration S] TARGET
//
// Prints one JSON object; exits with 1 when a probe failed.

#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <unordered_map>

#include "bench/yardstick/arguments.hpp"
#include "bench/yardstick/latencies.hpp"
#include "bench/yardstick/socket.hpp"

namespace weir::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::size_t kLength = 64;
constexpr int kEventsPerTurn = 64;
constexpr std::chrono::seconds kPatience{5};

struct Probe {
  int fd = -1;
  Clock::time_point due;
  bool sent = false;
  std::size_t received = 0;
};

class Prober {
 public:
  Prober(const std::string& target, double rate, double seconds)
      : target_(parse_address(target)),
        epoll_(make_epoll()),
        pause_(duration_cast<Clock::duration>(duration<double>(1 / rate))),
        length_(duration_cast<Clock::duration>(duration<double>(seconds))),
        latencies_(static_cast<std::size_t>(rate * seconds) + 1) {
    message_.fill('w');
  }

  void run() {
    const Clock::time_point begin = Clock::now();
    Clock::time_point due = begin;
    const Clock::time_point end = begin + length_;
    while ((due < end || !open_.empty()) && Clock::now() < end + kPatience) {
      for (; due < end && due <= Clock::now(); due += pause_) open(due);
      wait(due < end ? due : end + kPatience);
    }
    failures_ += open_.size();  // those that nobody answered
  }

  void print_json() {
    std::printf("{\"probes\": %zu, \"failures\": %zu, ", probes_, failures_);
    latencies_.print_json();
    std::printf("}\n");
  }

  bool all_were_served() const { return failures_ == 0 && probes_ != 0; }

 private:
  void open(Clock::time_point due) {
    ++probes_;
    auto probe = std::make_unique<Probe>();
    probe->fd = start_connect(target_);
    probe->due = due;
    watch(epoll_, probe->fd, EPOLLIN | EPOLLOUT | EPOLLET, probe.get());
    open_.emplace(probe->fd, std::move(probe));
  }

  void wait(Clock::time_point until) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    std::array<epoll_event, kEventsPerTurn> events;
    // No longer than 100 ms: the last reply ends the run.
    const int count =
        ::epoll_wait(epoll_, events.data(), kEventsPerTurn, static_cast<int>(std::clamp<std::int64_t>(left, 0, 100)));
    for (int i = 0; i < count; ++i) {
      Probe& probe = *static_cast<Probe*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!advance(probe)) {
        ::close(probe.fd);
        open_.erase(probe.fd);
      }
    }
  }

  /// False when the probe is over.
  bool advance(Probe& probe) {
    if (!probe.sent) {
      const ssize_t sent = ::send(probe.fd, message_.data(), kLength, MSG_NOSIGNAL);
      if (sent < 0 && not_now()) return true;
      if (sent != static_cast<ssize_t>(kLength)) return give_up();
      probe.sent = true;
    }
    const ssize_t got = ::recv(probe.fd, reply_.data(), kLength - probe.received, 0);
    if (got < 0 && not_now()) return true;
    if (got <= 0 || std::memcmp(reply_.data(), message_.data(), static_cast<std::size_t>(got)) != 0) return give_up();
    probe.received += static_cast<std::size_t>(got);
    if (probe.received < kLength) return true;
    latencies_.record(Clock::now() - probe.due);
    return false;
  }

  bool give_up() {
    ++failures_;
    return false;
  }

  sockaddr_in target_;
  int epoll_;
  Clock::duration pause_;
  Clock::duration length_;
  Latencies latencies_;
  std::array<char, kLength> message_;
  std::array<char, kLength> reply_;
  std::unordered_map<int, std::unique_ptr<Probe>> open_;
  std::size_t probes_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using weir::bench::number_option;
  try {
    const std::string target = argc > 1 ? argv[argc - 1] : "";
    const double rate = number_option(argc, argv, "--rate", 200);
    if (rate < 1) throw std::invalid_argument("--rate takes 1 and more a second");
    weir::bench::Prober prober(target, rate, number_option(argc, argv, "--duration", 10));
    prober.run();
    prober.print_json();
    return prober.all_were_served() ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "weir-bench-newcomers: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-bench-newcomers: %s\n", error.what());
    return 1;
  }
}
