#include "server/upgrade/predecessor.hpp"

#include <fcntl.h>
#include <poll.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/json/array.hpp>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/net.hpp"
#include "server/upgrade/program.hpp"
#include "server/upgrade/sockets_message.hpp"
#include "server/upgrade/ticket_keys_message.hpp"

namespace weir::upgrade {

namespace {

using Waiter = boost::asio::posix::basic_stream_descriptor<net::Executor>;

/// Far less than what a message may hold.
constexpr std::size_t kLongestReason = 16 * 1024;

/// Waits for the first thing that comes.
void await_passed(const std::shared_ptr<Waiter>& waiter, const std::shared_ptr<Channel>& channel,
                  const std::function<void()>& passed) {
  waiter->async_wait(Waiter::wait_read, [waiter, channel, passed](const boost::system::error_code& error) {
    if (error) return;
    try {
      boost::json::object message;
      std::vector<io::Descriptor> none;
      if (!channel->receive(message, none) || step_of(message) != "passed") {
        return await_passed(waiter, channel, passed);
      }
    } catch (const std::exception&) {
      return passed();  // it died, and so accepts nothing any more either
    }
    passed();
  });
}

}  // namespace

std::optional<Predecessor> Predecessor::find() {
  io::Descriptor channel = Program::take_channel();
  if (!channel) return std::nullopt;
  return Predecessor(Channel(std::move(channel)));
}

boost::json::object Predecessor::wait_for(const char* step, std::vector<io::Descriptor>& descriptors) {
  for (;;) {
    boost::json::object message;
    if (channel_->receive(message, descriptors)) {
      if (step_of(message) == step) return message;
      if (step_of(message) == "drained") take_drained(message, drained_);
      if (step_of(message) == "ticket_keys") ticket_keys_ = take_ticket_keys(message);
      descriptors.clear();
      continue;
    }
    pollfd wait{channel_->descriptor(), POLLIN, 0};
    ::poll(&wait, 1, -1);
  }
}

InheritedSockets Predecessor::receive_sockets() {
  InheritedSockets sockets;
  for (bool more = true; more;) {
    std::vector<io::Descriptor> descriptors;
    const boost::json::object message = wait_for("sockets", descriptors);
    more = !take_sockets(message, std::move(descriptors), sockets);
  }
  return sockets;
}

void Predecessor::wait_for_go(const std::vector<std::size_t>& left) {
  boost::json::object prepared = make_step("prepared");
  prepared["left"] = boost::json::array(left.begin(), left.end());
  say(prepared);
  try {
    std::vector<io::Descriptor> none;
    wait_for("go", none);
  } catch (const Channel::Broken&) {
    serves_ = true;  // nobody else is left to serve
    return;
  }
  serves_ = true;
}

void Predecessor::ready(boost::asio::io_context& context, const std::function<void()>& passed) {
  say(make_step("ready"));
  const int copy = ::fcntl(channel_->descriptor(), F_DUPFD_CLOEXEC, 0);  // Asio closes what it waits on
  if (copy < 0) return passed();
  await_passed(std::make_shared<Waiter>(context.get_executor(), copy), channel_, passed);
}

void Predecessor::settle() {
  if (!std::exchange(settled_, true)) say(make_step("settled"));
}

void Predecessor::fail(const std::string& reason) {
  if (serves_) return;
  boost::json::object failed = make_step("failed");
  failed["reason"] = std::string_view(reason).substr(0, kLongestReason);
  say(failed);
}

void Predecessor::say(const boost::json::object& message) try {
  // The other reads at once, and a few short messages always fit.
  channel_->send(message);
} catch (const std::exception&) {
  return;  // it is gone, and what this process does is the same without it
}

}  // namespace weir::upgrade
