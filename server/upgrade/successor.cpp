#include "server/upgrade/successor.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <boost/json/value.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/units.hpp"
#include "server/upgrade/sockets_message.hpp"
#include "server/upgrade/ticket_keys_message.hpp"

namespace weir::upgrade {

namespace {

/// What operators drained; a name and an address take some hundred bytes, and seldom more than 400.
constexpr std::size_t kDrainedInAMessage = 200;
constexpr std::chrono::milliseconds kPoll{5};
/// How long a process takes to go that was killed or has closed its end, at most.
constexpr int kPollsForItsEnd = 200;

int copy_of(const Channel& channel) {
  const int copy = ::fcntl(channel.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw std::system_error(errno, std::generic_category(), "cannot start another process");
  return copy;
}

}  // namespace

Successor::Successor(boost::asio::io_context& context, const Program& program)
    : Successor(context, program, Channel::make()) {}

Successor::Successor(boost::asio::io_context& context, const Program& program, std::pair<Channel, Channel> ends)
    : context_(context),
      channel_(std::move(ends.first)),
      waiter_(context.get_executor(), copy_of(channel_)),
      deadline_(context),
      pid_(program.start(ends.second.descriptor())) {}

void Successor::set_deadline(std::chrono::milliseconds longest) {
  longest_ = longest;
  due_ = Clock::now() + longest;
  deadline_.expires_at(*due_);
  deadline_.async_wait([this, alive = std::weak_ptr<char>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) waiter_.cancel();  // so that who waits looks at the time
  });
}

void Successor::clear_deadline() {
  due_.reset();
  deadline_.cancel();
}

void Successor::check_deadline() const {
  if (!due_ || Clock::now() < *due_) return;
  throw std::runtime_error("the new program was not ready within " + format_duration(longest_) + " (upgrade_timeout)");
}

net::awaitable<void> Successor::pause(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(context_, time);
  boost::system::error_code ignored;
  co_await timer.async_wait(net::into(ignored));
}

net::awaitable<void> Successor::send(const InheritedSockets& sockets, Drained drained, tls::SecretBytes ticket_keys) {
  std::vector<SocketsMessage> messages = make_sockets_messages(sockets, Channel::kMostDescriptors);
  std::vector<SocketsMessage> first;
  for (boost::json::object& message : make_drained_messages(drained, kDrainedInAMessage)) {
    first.push_back({std::move(message), {}});
  }
  if (ticket_keys.size() > 0) first.push_back({make_ticket_keys_message(ticket_keys), {}});
  messages.insert(messages.begin(), std::make_move_iterator(first.begin()), std::make_move_iterator(first.end()));
  for (const SocketsMessage& message : messages) {
    for (bool sent = false; !sent;) {
      try {
        sent = channel_.send(message.text, message.descriptors);
      } catch (const Channel::Broken&) {
        co_return;  // receive() says why
      }
      check_deadline();
      if (!sent) co_await pause(kPoll);
    }
  }
}

net::awaitable<boost::json::object> Successor::receive() {
  std::string broken;
  while (broken.empty()) {
    boost::json::object message;
    std::vector<io::Descriptor> none;
    try {
      if (channel_.receive(message, none)) {
        if (step_of(message) != "failed") co_return message;
        const boost::json::value* const reason = message.if_contains("reason");
        const bool said = reason != nullptr && reason->is_string();
        throw std::runtime_error(said ? std::string(reason->get_string()) : "the new program could not start");
      }
    } catch (const Channel::Broken& error) {
      broken = error.what();
      break;
    }
    check_deadline();
    boost::system::error_code ignored;
    co_await waiter_.async_wait(Waiter::wait_read, net::into(ignored));
  }
  for (int i = 0; i < kPollsForItsEnd && !reap(); ++i) co_await pause(kPoll);
  throw std::runtime_error(reaped_ ? describe_end() : "the new program: " + broken);
}

void Successor::say(const char* step) try { channel_.send(make_step(step)); } catch (const std::exception&) {
  return;  // receive() says that it is gone
}

bool Successor::reap() {
  if (!reaped_) reaped_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return reaped_;
}

std::string Successor::describe_end() const {
  if (WIFSIGNALED(status_)) {
    return "the new program was ended by signal " + std::to_string(WTERMSIG(status_)) + " (" +
           ::strsignal(WTERMSIG(status_)) + ")";
  }
  return "the new program exited with status " + std::to_string(WEXITSTATUS(status_)) +
         (WEXITSTATUS(status_) == 0 ? "" : "; its stderr or its log says why");
}

void Successor::kill_now() {
  if (!reap()) ::kill(pid_, SIGKILL);
}

net::awaitable<void> Successor::kill() {
  kill_now();
  for (int i = 0; i < kPollsForItsEnd && !reap(); ++i) co_await pause(kPoll);
}

}  // namespace weir::upgrade
