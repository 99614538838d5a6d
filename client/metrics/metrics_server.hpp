#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/listening_socket.hpp"
#include "client/load_options.hpp"
#include "client/metrics/live_metrics.hpp"
#include "common/io/descriptor.hpp"
#include "common/net.hpp"

namespace weir::load {

/// Answers GET /metrics over HTTP while a run goes on, on a thread of its own with a lower priority, so that the load
/// is not disturbed. One request a connection; time, size and number of connections are bounded, and where there are
/// too many the oldest gives way: whoever is slow or hostile costs the others nothing. Main thread.
class MetricsServer {
 public:
  /// What its connections may use.
  struct Bounds {
    std::size_t connections = 16;              ///< at once
    std::chrono::milliseconds arrival{5'000};  ///< of a request's head
    std::chrono::milliseconds taking{5'000};   ///< of an answer by its reader
    std::chrono::milliseconds linger{1'000};   ///< for the peer's FIN after it
  };

  /// Listens where `options.prometheus` says. The options must outlive it. Throws std::runtime_error as
  /// "--prometheus: cannot listen on 127.0.0.1:9100: Address already in use".
  explicit MetricsServer(const LoadOptions& options) : MetricsServer(options, Bounds()) {}
  MetricsServer(const LoadOptions& options, const Bounds& bounds);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

  /// What it answers with.
  LiveMetrics& metrics() { return metrics_; }
  /// Where it listens: port 0 has been replaced by the port that was picked.
  std::vector<std::string> bound() const;

  /// Starts the thread, and says on stderr where the metrics are. Signals that are not its own must be blocked by then.
  void start();
  /// Of a child process that was forked before start(): closes the sockets, and leaves their files alone.
  void leave();

 private:
  using Protocol = net::asio::generic::stream_protocol;
  using Stream = boost::beast::basic_stream<Protocol, net::Executor>;

  net::awaitable<void> accept_from(const ListeningSocket& socket);
  net::awaitable<void> serve(io::Descriptor socket, int family);
  net::awaitable<void> exchange(Stream& stream);

  LiveMetrics metrics_;
  const Bounds bounds_;
  std::vector<std::unique_ptr<ListeningSocket>> sockets_;
  std::list<Stream*> open_;           ///< the oldest first
  net::asio::io_context context_{1};  ///< ends its coroutines, which know the above, when it goes
  std::thread thread_;
};

}  // namespace weir::load
