#pragma once

#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/net.hpp"
#include "server/upstream/resolved_name.hpp"

struct ares_channeldata;

namespace weir {

/// Questions to a resolver and its answers, by c-ares on the control thread's context. Reads resolv.conf anew, and
/// /etc/hosts for addresses, so that a channel is made for each round of questions. Control thread.
class DnsChannel {
 public:
  /// What the answer is handed to, from within finish() or the question itself.
  template <typename Record>
  using OnAnswer = std::function<void(DnsAnswer<Record>)>;

  /// Without `servers` the system's are asked. Throws std::runtime_error.
  DnsChannel(const net::Executor& executor, const std::vector<Endpoint>& servers);
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;
  ~DnsChannel();

  /// Asks for SRV records.
  void ask_services(const std::string& name, OnAnswer<ServiceRecord> on_answer);
  /// Asks for the addresses of one family, AF_INET or AF_INET6; their port is 0.
  void ask_addresses(const std::string& name, int family, OnAnswer<Endpoint> on_answer);

  /// Until every question is answered; a resolver that says nothing fails it after some seconds. Throws what
  /// `on_answer` threw, and where no socket could be waited for.
  net::awaitable<void> finish();

 private:
  using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

  struct Watch {
    Descriptor socket;
    bool reading = false;
    bool writing = false;
  };
  template <typename Record>
  struct Question;

  /// c-ares opened or closed a socket, or waits for something else of it.
  void watch(int fd, bool reading, bool writing);
  void wait_for(const std::shared_ptr<Watch>& watched, net::asio::posix::descriptor_base::wait_type event);

  net::Executor executor_;
  net::asio::basic_waitable_timer<std::chrono::steady_clock, net::asio::wait_traits<std::chrono::steady_clock>,
                                  net::Executor>
      timer_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::size_t open_questions_ = 0;
  std::exception_ptr failure_;
  ares_channeldata* channel_ = nullptr;
};

}  // namespace weir
