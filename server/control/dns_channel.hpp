#pragma once

#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
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

/// Questions to resolvers and their answers, by c-ares on the control thread's context. It reads resolv.conf when it is
/// made, so that each round of questions has a channel of its own. Control thread.
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

  /// The full names that a name may mean, in the order in which they are asked for: by the `search` list and `ndots` of
  /// resolv.conf(5). One that ends in a dot is full.
  std::vector<std::string> full_names(const std::string& name) const;

  /// What /etc/hosts says of a name, `found` or `none`, without a TTL.
  ResolvedName::Addresses in_hosts(const std::string& name, int family) const;

  /// Asks for the SRV records of a full name.
  void ask_services(const std::string& name, OnAnswer<ServiceRecord> on_answer);
  /// Asks for the A (AF_INET) or AAAA (AF_INET6) records of a full name.
  void ask_addresses(const std::string& name, int family, OnAnswer<Endpoint> on_answer);

  /// Until every question is answered, or for so long; returns whether all are. A resolver that says nothing fails a
  /// question by itself after some seconds. Throws what `on_answer` threw, and where no socket could be waited for.
  net::awaitable<bool> finish(std::chrono::milliseconds most = std::chrono::hours(1));

 private:
  using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;
  using Timer = net::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                net::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

  struct Watch {
    Descriptor socket;
    bool reading = false;
    bool writing = false;
  };
  template <typename Record>
  struct Question;

  template <typename Record, typename Read>
  void ask(const std::string& name, int type, OnAnswer<Record> on_answer, Read read);
  /// c-ares opened or closes a socket, or waits for something else of it.
  void watch(int fd, bool reading, bool writing);
  void wait_for(const std::shared_ptr<Watch>& watched, net::asio::posix::descriptor_base::wait_type event);

  net::Executor executor_;
  Timer timer_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::size_t open_questions_ = 0;
  std::exception_ptr failure_;
  ares_channeldata* channel_ = nullptr;
};

}  // namespace weir
