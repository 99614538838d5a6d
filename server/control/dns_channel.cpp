#include "server/control/dns_channel.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace weir {

namespace {

namespace asio = net::asio;
using std::chrono::seconds;

/// Of the first try at a server; each round of all servers doubles it.
constexpr int kTimeoutMs = 2000;
constexpr int kTries = 3;
/// The longest that a TTL says anything (RFC 2181, 8).
constexpr seconds kLongestTtl{0x7fffffff};

template <typename Record>
DnsAnswer<Record> unanswered(int status) {
  using Answer = DnsAnswer<Record>;
  const bool none = status == ARES_ENODATA || status == ARES_ENOTFOUND;
  return {none ? Answer::Result::none : Answer::Result::failed, {}, seconds(0), ::ares_strerror(status)};
}

DnsAnswer<Endpoint> read_addresses(int status, const ares_addrinfo* found) {
  if (status != ARES_SUCCESS) return unanswered<Endpoint>(status);
  DnsAnswer<Endpoint> answer{DnsAnswer<Endpoint>::Result::found, {}, kLongestTtl, ""};
  for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
    answer.records.emplace_back(node->ai_addr, node->ai_addrlen);
    answer.ttl = std::min(answer.ttl, seconds(std::max(node->ai_ttl, 0)));
  }
  for (const ares_addrinfo_cname* alias = found->cnames; alias != nullptr; alias = alias->next) {
    answer.ttl = std::min(answer.ttl, seconds(std::max(alias->ttl, 0)));
  }
  return answer;
}

/// The shortest TTL of an answer's records, which c-ares does not tell of SRV records.
seconds shortest_ttl(const unsigned char* message, int length) {
  ns_msg parsed{};
  if (::ns_initparse(message, length, &parsed) != 0) return seconds(0);
  seconds shortest = kLongestTtl;
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    ns_rr record{};
    if (::ns_parserr(&parsed, ns_s_an, i, &record) == 0) shortest = std::min(shortest, seconds(ns_rr_ttl(record)));
  }
  return shortest;
}

DnsAnswer<ServiceRecord> read_services(int status, const unsigned char* message, int length) {
  ares_srv_reply* found = nullptr;
  if (status == ARES_SUCCESS) status = ::ares_parse_srv_reply(message, length, &found);
  if (status != ARES_SUCCESS) return unanswered<ServiceRecord>(status);
  const std::unique_ptr<ares_srv_reply, decltype(&::ares_free_data)> guard(found, &::ares_free_data);
  DnsAnswer<ServiceRecord> answer{DnsAnswer<ServiceRecord>::Result::found, {}, shortest_ttl(message, length), ""};
  for (const ares_srv_reply* record = found; record != nullptr; record = record->next) {
    answer.records.push_back({record->host, record->port, record->priority, record->weight});
  }
  return answer;
}

}  // namespace

/// Lives until its answer has come; c-ares always brings one, at the latest when the channel goes.
template <typename Record>
struct DnsChannel::Question {
  DnsChannel& channel;
  OnAnswer<Record> on_answer;

  /// Makes the question whose address c-ares carries as its argument.
  static void* ask(DnsChannel& channel, OnAnswer<Record> on_answer) {
    auto question = std::make_unique<Question>(Question{channel, std::move(on_answer)});
    ++channel.open_questions_;
    return question.release();
  }

  template <typename Read>
  static void answer(void* argument, Read read) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    --question->channel.open_questions_;
    try {
      question->on_answer(read());
    } catch (...) {  // which must not fly through c-ares
      question->channel.failure_ = std::current_exception();
    }
  }
};

DnsChannel::DnsChannel(const net::Executor& executor, const std::vector<Endpoint>& servers)
    : executor_(executor), timer_(executor) {
  ares_options options{};
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int reading, int writing) {
    auto& channel = *static_cast<DnsChannel*>(self);
    try {
      channel.watch(fd, reading != 0, writing != 0);
    } catch (...) {  // the question fails by its timeout
      channel.failure_ = std::current_exception();
    }
  };
  int status = ::ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status == ARES_SUCCESS && !servers.empty()) {
    std::string list;
    for (const Endpoint& server : servers) list += (list.empty() ? "" : ",") + server.to_string();
    status = ::ares_set_servers_ports_csv(channel_, list.c_str());
    if (status != ARES_SUCCESS) ::ares_destroy(channel_);
  }
  if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ::ares_strerror(status));
}

DnsChannel::~DnsChannel() { ::ares_destroy(channel_); }

void DnsChannel::ask_services(const std::string& name, OnAnswer<ServiceRecord> on_answer) {
  void* const question = Question<ServiceRecord>::ask(*this, std::move(on_answer));
  ::ares_search(
      channel_, name.c_str(), ns_c_in, ns_t_srv,
      [](void* argument, int status, int, unsigned char* message, int length) {
        Question<ServiceRecord>::answer(argument, [&] { return read_services(status, message, length); });
      },
      question);
}

void DnsChannel::ask_addresses(const std::string& name, int family, OnAnswer<Endpoint> on_answer) {
  void* const question = Question<Endpoint>::ask(*this, std::move(on_answer));
  const ares_addrinfo_hints hints{ARES_AI_NOSORT, family, SOCK_STREAM, 0};
  ::ares_getaddrinfo(
      channel_, name.c_str(), nullptr, &hints,
      [](void* argument, int status, int, ares_addrinfo* found) {
        const std::unique_ptr<ares_addrinfo, decltype(&::ares_freeaddrinfo)> guard(found, &::ares_freeaddrinfo);
        Question<Endpoint>::answer(argument, [&] { return read_addresses(status, found); });
      },
      question);
}

net::awaitable<void> DnsChannel::finish() {
  while (open_questions_ > 0) {
    timeval longest{kTimeoutMs / 1000, 0};
    timeval until{};
    ::ares_timeout(channel_, &longest, &until);
    timer_.expires_after(seconds(until.tv_sec) + std::chrono::microseconds(until.tv_usec));
    boost::system::error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable_t<net::Executor>(), cancelled));
    if (!cancelled) ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void DnsChannel::watch(int fd, bool reading, bool writing) {
  const auto found = watches_.find(fd);
  if (!reading && !writing) {
    // c-ares closes it next.
    if (found != watches_.end()) {
      found->second->socket.release();
      watches_.erase(found);
    }
    return;
  }
  const std::shared_ptr<Watch>& watched =
      found != watches_.end()
          ? found->second
          : watches_.emplace(fd, std::make_shared<Watch>(Watch{Descriptor(executor_, fd)})).first->second;
  const bool new_reading = reading && !std::exchange(watched->reading, reading);
  const bool new_writing = writing && !std::exchange(watched->writing, writing);
  watched->reading = reading;
  watched->writing = writing;
  if (new_reading) wait_for(watched, Descriptor::wait_read);
  if (new_writing) wait_for(watched, Descriptor::wait_write);
}

void DnsChannel::wait_for(const std::shared_ptr<Watch>& watched, asio::posix::descriptor_base::wait_type event) {
  watched->socket.async_wait(
      event, [this, weak = std::weak_ptr<Watch>(watched), event](const boost::system::error_code& error) {
        const std::shared_ptr<Watch> still = weak.lock();
        if (error || !still) return;  // the socket is gone, and so may this be
        const bool reading = event == Descriptor::wait_read;
        bool& wanted = reading ? still->reading : still->writing;
        if (wanted) {
          const int fd = still->socket.native_handle();
          ::ares_process_fd(channel_, reading ? fd : ARES_SOCKET_BAD, reading ? ARES_SOCKET_BAD : fd);
        }
        if (wanted && still.use_count() > 1) wait_for(still, event);
        timer_.cancel();
      });
}

}  // namespace weir
