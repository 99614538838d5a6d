#include "client/fetch/name_resolver.hpp"

#include <ares.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

namespace weir::load {

namespace asio = net::asio;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

/// Of the first try at a server; each further one has twice as long.
constexpr int kTimeoutMs = 2000;
constexpr int kTries = 3;

}  // namespace

NameResolver::NameResolver(const net::Executor& executor, const std::string& servers)
    : executor_(executor), timeout_(executor) {
  ares_options options{};
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int reading, int writing) {
    try {
      static_cast<NameResolver*>(self)->watch(fd, reading != 0, writing != 0);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the question then fails by its timeout
    }
  };
  int status = ::ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status == ARES_SUCCESS && !servers.empty()) {
    status = ::ares_set_servers_ports_csv(channel_, servers.c_str());
    if (status != ARES_SUCCESS) ::ares_destroy(channel_);
  }
  if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ::ares_strerror(status));
}

NameResolver::~NameResolver() { ::ares_destroy(channel_); }

void NameResolver::cancel() {
  ::ares_cancel(channel_);
  arm_timeout();
}

net::awaitable<NameResolver::Answer> NameResolver::resolve(const std::string& host, Clock::time_point deadline) {
  if (is_ip_address(host)) co_return Answer{{ip_endpoint(host)}, ""};
  std::shared_ptr<LookUp>& known = look_ups_[host];
  const bool is_new = known == nullptr;
  if (is_new) known = std::make_shared<LookUp>(LookUp{*this, host, false, {}, {}});
  const std::shared_ptr<LookUp> look_up = known;
  if (is_new) ask(look_up);
  if (!look_up->done) {
    Timer timer(executor_, deadline);
    look_up->waiting.push_back(&timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable_t<net::Executor>()));
    std::erase(look_up->waiting, &timer);
  }
  co_return look_up->done ? look_up->answer : Answer{{}, "no answer in time"};
}

void NameResolver::ask(const std::shared_ptr<LookUp>& look_up) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ++open_questions_;
  ::ares_getaddrinfo(channel_, look_up->name.c_str(), nullptr, &hints, &NameResolver::answer,
                     new std::shared_ptr<LookUp>(look_up));
  arm_timeout();
}

void NameResolver::answer(void* argument, int status, int, ares_addrinfo* found) {
  const std::unique_ptr<ares_addrinfo, decltype(&::ares_freeaddrinfo)> guard(found, &::ares_freeaddrinfo);
  const std::unique_ptr<std::shared_ptr<LookUp>> owner(static_cast<std::shared_ptr<LookUp>*>(argument));
  LookUp& look_up = **owner;
  NameResolver& resolver = look_up.resolver;
  --resolver.open_questions_;
  if (status == ARES_SUCCESS && found != nullptr) {
    for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
      look_up.answer.addresses.emplace_back(node->ai_addr, node->ai_addrlen);
    }
  }
  look_up.done = true;
  if (look_up.answer.addresses.empty()) {
    look_up.answer.error = ::ares_strerror(status == ARES_SUCCESS ? ARES_ENODATA : status);
    resolver.look_ups_.erase(look_up.name);
  }
  for (Timer* timer : look_up.waiting) timer->cancel();
}

void NameResolver::arm_timeout() {
  timeout_.cancel();
  if (open_questions_ == 0) return;
  timeval longest{1, 0};
  timeval until{};
  ::ares_timeout(channel_, &longest, &until);
  timeout_.expires_after(seconds(until.tv_sec) + microseconds(until.tv_usec));
  timeout_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timeout();
  });
}

void NameResolver::watch(int fd, bool reading, bool writing) {
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

void NameResolver::wait_for(const std::shared_ptr<Watch>& watched, asio::posix::descriptor_base::wait_type event) {
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
        arm_timeout();
      });
}

}  // namespace weir::load
