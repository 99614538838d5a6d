#pragma once

#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/net.hpp"

struct ares_channeldata;
struct ares_addrinfo;  // NOLINT(readability-identifier-naming): as c-ares has it

namespace weir::load {

/// Looks up names without blocking, by c-ares: the hosts file and DNS, as resolv.conf says. Those who ask for a name
/// that is being looked up share the answer; an address is remembered for good, a failure is not. One thread.
class NameResolver {
 public:
  using Clock = std::chrono::steady_clock;

  struct Answer {
    std::vector<Endpoint> addresses;  ///< with port 0, in the order to try them
    std::string error;                ///< why there is none
  };

  /// `servers` is a comma-separated list of ADDRESS or ADDRESS:PORT; empty: those of resolv.conf. Throws
  /// std::runtime_error.
  NameResolver(const net::Executor& executor, const std::string& servers);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// The addresses of a name, or of an IP address itself. Gives up at the deadline.
  net::awaitable<Answer> resolve(const std::string& host, Clock::time_point deadline);

  /// Every look-up that is under way ends without an answer.
  void cancel();

 private:
  using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;
  using Timer = net::asio::basic_waitable_timer<Clock, net::asio::wait_traits<Clock>, net::Executor>;

  /// One name, from the question until the last who asked has its answer.
  struct LookUp {
    NameResolver& resolver;
    std::string name;
    bool done = false;
    Answer answer;
    std::vector<Timer*> waiting;
  };

  /// A socket of c-ares. It closes them itself.
  struct Watch {
    Descriptor socket;
    bool reading = false;
    bool writing = false;
  };

  static void answer(void* argument, int status, int timeouts, ares_addrinfo* found);
  void ask(const std::shared_ptr<LookUp>& look_up);
  void watch(int fd, bool reading, bool writing);
  void wait_for(const std::shared_ptr<Watch>& watched, net::asio::posix::descriptor_base::wait_type event);
  /// c-ares finds by the clock that a question went without an answer.
  void arm_timeout();

  net::Executor executor_;
  ares_channeldata* channel_ = nullptr;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::map<std::string, std::shared_ptr<LookUp>> look_ups_;  ///< under way, and those with addresses
  Timer timeout_;
  int open_questions_ = 0;
};

}  // namespace weir::load
