#include "server/control/dns_channel.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace weir {

namespace {

namespace asio = net::asio;
using std::chrono::seconds;

/// Of the first try at a server; the second has twice as long.
constexpr int kTimeoutMs = 1500;
constexpr int kTries = 2;
/// The longest that a TTL says anything (RFC 2181, 8).
constexpr seconds kLongestTtl{0x7fffffff};
/// Of one answer no more records are read.
constexpr int kMostRecords = 512;

template <typename Record>
DnsAnswer<Record> unanswered(int status) {
  using Answer = DnsAnswer<Record>;
  const bool none = status == ARES_ENODATA || status == ARES_ENOTFOUND;
  return {none ? Answer::Result::none : Answer::Result::failed, {}, seconds(0), ::ares_strerror(status)};
}

/// The address of a socket towards any port of `host`, an in_addr or in6_addr.
Endpoint endpoint_of(int family, const void* host) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, host, sizeof v4.sin_addr);
    return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, host, sizeof v6.sin6_addr);
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

/// `parse` is c-ares's own for the record type, whose addresses stand in `member` of its TTL structure.
template <typename AddressTtl, typename Parse, typename Member>
DnsAnswer<Endpoint> read_addresses(int family, const unsigned char* message, int length, Parse parse, Member member) {
  std::vector<AddressTtl> records(kMostRecords);
  int count = kMostRecords;
  const int status = parse(message, length, nullptr, records.data(), &count);
  if (status != ARES_SUCCESS) return unanswered<Endpoint>(status);
  DnsAnswer<Endpoint> answer{DnsAnswer<Endpoint>::Result::found, {}, kLongestTtl, ""};
  for (int i = 0; i < count; ++i) {
    const AddressTtl& record = records[static_cast<std::size_t>(i)];
    answer.records.push_back(endpoint_of(family, &(record.*member)));
    answer.ttl = std::min(answer.ttl, seconds(std::max(record.ttl, 0)));
  }
  if (answer.records.empty()) answer.result = DnsAnswer<Endpoint>::Result::none;
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

DnsAnswer<ServiceRecord> read_services(const unsigned char* message, int length) {
  ares_srv_reply* found = nullptr;
  const int status = ::ares_parse_srv_reply(message, length, &found);
  if (status != ARES_SUCCESS) return unanswered<ServiceRecord>(status);
  const std::unique_ptr<ares_srv_reply, decltype(&::ares_free_data)> guard(found, &::ares_free_data);
  DnsAnswer<ServiceRecord> answer{DnsAnswer<ServiceRecord>::Result::found, {}, shortest_ttl(message, length), ""};
  int most = kMostRecords;
  for (const ares_srv_reply* record = found; record != nullptr && most-- > 0; record = record->next) {
    answer.records.push_back({record->host, record->port, record->priority, record->weight});
  }
  return answer;
}

/// What resolv.conf says, as a channel read it.
class Settings {
 public:
  explicit Settings(ares_channeldata* channel) {
    const int status = ::ares_save_options(channel, &options_, &mask_);
    if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ::ares_strerror(status));
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() { ::ares_destroy_options(&options_); }

  const ares_options* operator->() const { return &options_; }

 private:
  ares_options options_{};
  int mask_ = 0;
};

}  // namespace

/// Lives until its answer has come; c-ares always brings one, at the latest when the channel goes.
template <typename Record>
struct DnsChannel::Question {
  DnsChannel& channel;
  OnAnswer<Record> on_answer;
  DnsAnswer<Record> (*read)(const unsigned char* message, int length);

  static void answer(void* argument, int status, int, unsigned char* message, int length) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    --question->channel.open_questions_;
    try {
      question->on_answer(status == ARES_SUCCESS ? question->read(message, length) : unanswered<Record>(status));
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

std::vector<std::string> DnsChannel::full_names(const std::string& name) const {
  if (name.ends_with('.')) return {name};
  const Settings settings(channel_);
  std::vector<std::string> names;
  for (int i = 0; i < settings->ndomains; ++i) {
    const std::string domain = settings->domains[i];
    if (domain.empty() || domain == ".") continue;
    names.push_back(name);
    names.back().append(".").append(domain);
  }
  const bool as_it_is_first = std::count(name.begin(), name.end(), '.') >= settings->ndots;
  names.insert(as_it_is_first ? names.begin() : names.end(), name);
  return names;
}

ResolvedName::Addresses DnsChannel::in_hosts(const std::string& name, int family) const {
  using Result = ResolvedName::Addresses::Result;
  ResolvedName::Addresses answer{Result::none, {}, seconds(0), ""};
  const Settings settings(channel_);
  if (settings->lookups != nullptr && std::strchr(settings->lookups, 'f') == nullptr) return answer;
  hostent* found = nullptr;
  const std::string host = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (::ares_gethostbyname_file(channel_, host.c_str(), family, &found) != ARES_SUCCESS) return answer;
  const std::unique_ptr<hostent, decltype(&::ares_free_hostent)> guard(found, &::ares_free_hostent);
  for (char** address = found->h_addr_list; *address != nullptr; ++address) {
    if (found->h_addrtype == family) answer.records.push_back(endpoint_of(family, *address));
  }
  if (!answer.records.empty()) answer.result = Result::found;
  return answer;
}

template <typename Record, typename Read>
void DnsChannel::ask(const std::string& name, int type, OnAnswer<Record> on_answer, Read read) {
  auto question = std::make_unique<Question<Record>>(Question<Record>{*this, std::move(on_answer), read});
  ++open_questions_;
  ::ares_query(channel_, name.c_str(), ns_c_in, type, &Question<Record>::answer, question.release());
}

void DnsChannel::ask_services(const std::string& name, OnAnswer<ServiceRecord> on_answer) {
  ask<ServiceRecord>(name, ns_t_srv, std::move(on_answer), &read_services);
}

void DnsChannel::ask_addresses(const std::string& name, int family, OnAnswer<Endpoint> on_answer) {
  if (family == AF_INET) {
    ask<Endpoint>(name, ns_t_a, std::move(on_answer), [](const unsigned char* message, int length) {
      return read_addresses<ares_addrttl>(AF_INET, message, length, &::ares_parse_a_reply, &ares_addrttl::ipaddr);
    });
  } else {
    ask<Endpoint>(name, ns_t_aaaa, std::move(on_answer), [](const unsigned char* message, int length) {
      return read_addresses<ares_addr6ttl>(AF_INET6, message, length, &::ares_parse_aaaa_reply,
                                           &ares_addr6ttl::ip6addr);
    });
  }
}

net::awaitable<bool> DnsChannel::finish(std::chrono::milliseconds most) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + most;
  while (open_questions_ > 0 && Clock::now() < end) {
    timeval longest{kTimeoutMs / 1000, 0};
    timeval until{};
    ::ares_timeout(channel_, &longest, &until);
    timer_.expires_at(std::min(end, Clock::now() + seconds(until.tv_sec) + std::chrono::microseconds(until.tv_usec)));
    boost::system::error_code cancelled;
    co_await timer_.async_wait(net::into(cancelled));
    if (!cancelled) ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  co_return open_questions_ == 0;
}

void DnsChannel::watch(int fd, bool reading, bool writing) {
  auto found = watches_.find(fd);
  if (!reading && !writing) {
    // c-ares closes it next.
    if (found != watches_.end()) {
      if (found->second->socket.is_open()) found->second->socket.release();
      watches_.erase(found);
    }
    return;
  }
  if (found == watches_.end()) {
    found = watches_.emplace(fd, std::make_shared<Watch>(Watch{Descriptor(executor_)})).first;
    found->second->socket.assign(fd);  // last, because from then on it is closed with it
  }
  const std::shared_ptr<Watch>& watched = found->second;
  const bool new_reading = reading && !watched->reading;
  const bool new_writing = writing && !watched->writing;
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
        const bool& wanted = reading ? still->reading : still->writing;
        if (wanted) {
          const int fd = still->socket.native_handle();
          ::ares_process_fd(channel_, reading ? fd : ARES_SOCKET_BAD, reading ? ARES_SOCKET_BAD : fd);
        }
        if (wanted && still->socket.is_open()) wait_for(still, event);
        timer_.cancel();
      });
}

}  // namespace weir
