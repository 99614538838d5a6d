#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <stop_token>

#include "common/io/descriptor.hpp"
#include "common/net.hpp"
#include "server/admin/api.hpp"
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

  /// Takes its place among all; another may have to give way. `end` ends the coroutine that serves it.
  Connection(const net::Executor& executor, Connections& all, std::stop_source end);
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

  Stream stream;
  boost::beast::flat_buffer buffer{2 * kLargestHead};  ///< what has come and belongs to no request yet

 private:
  friend class Connections;

  Connections& all_;
  std::stop_source end_;
  bool busy_ = false;
  bool fresh_ = true;  ///< it has not sent a request yet
  Clock::time_point since_ = Clock::now();
  std::list<Connection*>::iterator place_;  ///< the end of the list where it has none
};

/// What the endpoint's coroutines share, some of which end after it. Control thread.
class Connections {
 public:
  Connections(AdminConfig settings, Daemon& daemon, const Bounds& limits, std::stop_token stop_token)
      : config(std::move(settings)), bounds(limits), stop(std::move(stop_token)), api(config, daemon) {}

  enum class Which { idle, any };
  /// Closes the one that can best be spared: one that has been idle, or busy for long, for the longest time; then one
  /// that is busy; then one that has only come. `idle` spares those that are busy. False if there is none.
  bool close_one(Which which);
  void close_all();

  const AdminConfig config;
  const Bounds bounds;
  const std::stop_token stop;  ///< once it is requested, nothing may touch `api`
  Api api;

 private:
  friend class Connection;

  std::list<Connection*> open_;
};

/// Serves one connection until it ends. Spawn it with the token of `end`.
net::awaitable<void> serve(std::shared_ptr<Connections> all, std::stop_source end, io::Descriptor socket, int family,
                           Caller caller);

}  // namespace weir::admin
