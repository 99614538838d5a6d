#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "common/io/descriptor.hpp"
#include "common/net.hpp"
#include "server/admin/answers.hpp"
#include "server/admin/bounds.hpp"
#include "server/admin/caller.hpp"

namespace weir::admin {

class Connections;

/// One connection to the endpoint. Lives in the coroutine that serves it.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  using Protocol = net::asio::generic::stream_protocol;
  using Stream = boost::beast::basic_stream<Protocol, net::Executor>;

  /// Takes its place among all; another may have to give way. `end` ends the coroutine that serves it, and `listening`
  /// says when the socket that it came from is closed.
  Connection(const net::Executor& executor, Connections& all, std::stop_source end, std::stop_token listening);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Whether it has all of a request, and so is about to be answered.
  void set_busy(bool busy) {
    busy_ = busy;
    fresh_ = fresh_ && !busy;
    since_ = Clock::now();
  }
  /// Ends whatever it waits for, an answer that is being worked out included.
  void close();
  bool closed() const { return end_.stop_requested(); }

  /// Whether it ends once the request that it has begun is answered, or its first, because nothing listens any more
  /// where it came.
  bool leaving() const { return listening_.stop_requested(); }
  /// Whether something has come that was not read yet.
  bool has_input();
  /// Whether it has not sent a request yet.
  bool fresh() const { return fresh_; }
  /// Whether it waits for the first byte of a request.
  void set_idle(bool idle) { idle_ = idle; }

  Stream stream;
  boost::beast::flat_buffer buffer{2 * kLargestHead};  ///< what has come and belongs to no request yet

 private:
  friend class Connections;

  Connections& all_;
  std::stop_source end_;
  const std::stop_token listening_;
  bool idle_ = false;
  bool busy_ = false;
  bool fresh_ = true;
  Clock::time_point since_ = Clock::now();
  std::list<Connection*>::iterator place_;  ///< the end of the list where it has none
};

/// What the endpoint's coroutines share, some of which end after it. Control thread.
class Connections : public std::enable_shared_from_this<Connections> {
 public:
  Connections(std::string whose, AdminConfig settings, const MakeAnswers& make, const Bounds& limits,
              std::stop_token stop_token)
      : name(std::move(whose)),
        config(std::move(settings)),
        bounds(limits),
        stop(std::move(stop_token)),
        answers(make(config)) {}

  enum class Which { idle, any };
  /// Closes the one that can best be spared: one that has been idle, or busy for long, for the longest time; then one
  /// that is busy; then one that has only come. `idle` spares those that are busy. False if there is none.
  bool close_one(Which which);
  void close_all();
  /// Lets the idle ones look whether they are leaving.
  void wake_idle();
  /// Has the function called once no connection is served any more, in a turn of the executor, and cuts those that
  /// take longer than the bound. Not called once `stop` is requested.
  void when_empty(const net::Executor& executor, std::function<void()> function);
  /// Ends that wait.
  void cancel_when_empty();

  const std::string name;  ///< the endpoint's, for the log
  AdminConfig config;
  const Bounds bounds;
  const std::stop_token stop;  ///< once it is requested, nothing may touch `answers`
  const std::unique_ptr<Answers> answers;

 private:
  friend class Connection;
  friend class Served;

  void wait_until_empty(std::function<void()> function);

  std::list<Connection*> open_;
  std::size_t served_ = 0;  ///< the open ones, and those that have just come or are about to end
  std::optional<net::asio::steady_timer> retiring_;
};

/// Counts a connection for as long as anything of it is left.
class Served {
 public:
  explicit Served(std::shared_ptr<Connections> all) : all_(std::move(all)) { ++all_->served_; }
  Served(Served&&) noexcept = default;
  Served& operator=(Served&&) = delete;
  ~Served() {
    if (all_ && --all_->served_ == 0) all_->cancel_when_empty();
  }

  Connections& all() const { return *all_; }

 private:
  std::shared_ptr<Connections> all_;
};

/// Serves one connection until it ends. Spawn it with the token of `end`; `listening` is that of the socket that it
/// came from.
net::awaitable<void> serve(Served served, std::stop_source end, std::stop_token listening, io::Descriptor socket,
                           int family, Caller caller);

}  // namespace weir::admin
