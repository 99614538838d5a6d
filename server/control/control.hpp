#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "server/admission/admission.hpp"
#include "server/config/server_config.hpp"
#include "server/control/upstream_watch.hpp"
#include "server/worker/drain_spread.hpp"

namespace weir {

/// What the control thread does to the rest of the daemon.
struct ControlSteps {
  /// The next step towards closed listening sockets: how long to wait before the one after, nothing once they are
  /// closed. True for one that waits for nobody outside.
  std::function<std::optional<std::chrono::milliseconds>(bool at_once)> stop_accepting;
  /// Closes the idle connections whose turn in the spread comes before `until`.
  std::function<void(const DrainSpread& spread, DrainSpread::Time until)> close_idle;
  std::function<void()> cut_sessions;
  /// SIGHUP; null where there is no file to reload, and it drains.
  std::function<void(const std::string& who)> reload;
  /// SIGUSR2.
  std::function<void(const std::string& who)> upgrade;
  /// The daemon is to stop.
  std::function<void()> stopping;
};

/// The control thread's work: waits for signals, takes the daemon through its drain, and watches the upstreams
/// meanwhile.
///
///     serving ──SIGTERM, SIGINT──▶ draining ──all ended──▶ stopped
///                                             └──drain_timeout, second signal──▶ cutting ──▶ stopped
///
/// For `drain_announce` a drain is only announced: newcomers are accepted as before. `drain_timeout` begins after that.
///
/// SIGUSR1 reopens the log files at any time, SIGHUP reloads the configuration, and SIGUSR2 starts another process in
/// this one's place. Once that serves, this one drains, and may be called back:
///
///     serving ──hand_over()──▶ draining ──resume()──▶ serving
///
/// Signals are caught from the construction on, and those that come before run() are handled by it.
class Control {
 public:
  /// The context is the control thread's; `config` is what is current whenever it is looked at.
  Control(boost::asio::io_context& context, const std::shared_ptr<const ServerConfig>& config, Admission& admission,
          ControlSteps steps, const Upstreams& upstreams);

  /// Runs the context and serves signals until the daemon is drained. Main thread.
  void run();

  /// Watches the upstreams that there are now; those named here anew, because they go on otherwise. Control thread.
  void watch_upstreams(const std::set<std::string>& changed);

  /// Begins the drain; `who` is for the log. False if it has begun already. Control thread.
  bool drain(const std::string& who);

  /// Another process serves from now on: begins the drain, without an announcement. It goes on when signals tell this
  /// process to stop, too; a second one cuts it short. Control thread.
  void hand_over();
  /// It serves again after all, after hand_over(). Control thread.
  void resume();

 private:
  enum class Phase { serving, draining, cutting };

  /// How many connections live, in words.
  std::string active_text() const;
  void wait_for_signal();
  void handle_signal(int signal);
  void begin_drain(std::chrono::milliseconds announce);
  void begin_cut();
  void watch_drain();
  void close_idle(std::chrono::steady_clock::time_point now);
  std::chrono::milliseconds step_of_drain();

  const std::shared_ptr<const ServerConfig>& config_;
  Admission& admission_;
  const ControlSteps steps_;
  const Upstreams& upstreams_;
  boost::asio::io_context& context_;
  std::map<std::string, UpstreamWatch> watches_;  ///< by the upstream's name
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  Phase phase_ = Phase::serving;
  bool handed_over_ = false;                           ///< and not told to stop since then
  std::chrono::steady_clock::time_point announced_{};  ///< when accepting stops
  std::chrono::steady_clock::time_point deadline_{};   ///< when the rest is cut
  std::optional<DrainSpread> spread_;                  ///< in a drain that has one
  std::chrono::steady_clock::time_point next_close_{};
  const char* why_cut_ = nullptr;  ///< nothing while the drain may go on
  bool closed_ = false;            ///< the listening sockets
};

}  // namespace weir
