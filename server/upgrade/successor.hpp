#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/net.hpp"
#include "common/tls/ticket_keys.hpp"
#include "server/listener/inherited_sockets.hpp"
#include "server/upgrade/channel.hpp"
#include "server/upgrade/drained.hpp"
#include "server/upgrade/program.hpp"

namespace weir::upgrade {

/// The process that is to take this one's place, seen from the old one. Whatever goes wrong with it is a
/// std::runtime_error whose text says so to people. Control thread; coroutines outlive no call.
class Successor {
 public:
  /// Starts the program. Throws std::system_error.
  Successor(boost::asio::io_context& context, const Program& program);
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;
  /// Leaves it alone.
  ~Successor() = default;

  pid_t pid() const { return pid_; }

  /// How long the coroutines below may take from now on, all together.
  void set_deadline(std::chrono::milliseconds longest);
  void clear_deadline();

  net::awaitable<void> send(const InheritedSockets& sockets, Drained drained, tls::SecretBytes ticket_keys);
  /// Waits for the next message; one that it failed is an error.
  net::awaitable<boost::json::object> receive();
  /// Best effort.
  void say(const char* step);

  /// Ends it. Returns once it is reaped, or after a second, which only a process takes that hangs in the kernel.
  net::awaitable<void> kill();
  /// The same for one who cannot wait.
  void kill_now();

 private:
  using Clock = std::chrono::steady_clock;

  Successor(boost::asio::io_context& context, const Program& program, std::pair<Channel, Channel> ends);

  using Waiter = boost::asio::posix::basic_stream_descriptor<net::Executor>;

  net::awaitable<void> pause(std::chrono::milliseconds time);
  /// Throws once the deadline has come.
  void check_deadline() const;
  /// Reaps it if it has exited.
  bool reap();
  std::string describe_end() const;

  boost::asio::io_context& context_;
  Channel channel_;
  Waiter waiter_;
  boost::asio::steady_timer deadline_;
  std::chrono::milliseconds longest_{0};
  std::optional<Clock::time_point> due_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for the timer's handler, which may come late
  pid_t pid_ = 0;
  bool reaped_ = false;
  int status_ = 0;  ///< of waitpid(2)
};

}  // namespace weir::upgrade
