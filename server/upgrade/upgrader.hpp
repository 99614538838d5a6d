#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net.hpp"
#include "common/tls/ticket_keys.hpp"
#include "server/admin/daemon.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/inherited_sockets.hpp"
#include "server/upgrade/program.hpp"
#include "server/upgrade/successor.hpp"

namespace weir::upgrade {

/// Puts the program that stands on the disk now in this process's place:
///
///     serving ──▶ starting: the new one gets the sockets, reads its configuration, opens what is missing
///        ▲           │ │
///        ├─ failed ──╯ ╰─ ready ──▶ handed over: accepts nothing, drains; the new one serves
///        ╰───────── the new one died before it had changed anything ────────╯
///
/// Both processes have the listening sockets, so a connection that one does not accept waits for the other. Whatever
/// the new one does until it is ready costs nobody anything. Control thread.
class Upgrader {
 public:
  /// What it works with. Outlives it.
  struct Parts {
    boost::asio::io_context& context;
    Program program;
    const std::shared_ptr<const ServerConfig>& config;  ///< the current one
    /// Why there can be no upgrade now, or nothing.
    std::function<std::string()> obstacle;
    /// Whether a reload is under way, for which an upgrade waits.
    std::function<bool()> is_reloading;
    /// Copies of all listening sockets. Throws std::system_error.
    std::function<InheritedSockets()> copy_sockets;
    /// What operators have drained.
    std::function<Drained()> drained;
    /// The keys of TLS session tickets, if others should be able to go on with them.
    std::function<tls::SecretBytes()> ticket_keys;
    /// Stops accepting and begins to drain. Sockets of the groups at the places that are `left` are closed as if their
    /// listeners had been removed; the new process has the others. Called again where it throws.
    std::function<void(const InheritedSockets& sockets, const std::vector<std::size_t>& left)> pass_on;
    /// Goes on serving, from these sockets.
    std::function<void(InheritedSockets)> take_back;
  };

  explicit Upgrader(Parts parts) : parts_(std::move(parts)) {}
  Upgrader(const Upgrader&) = delete;
  Upgrader& operator=(const Upgrader&) = delete;

  /// Begins an upgrade unless one is under way; `who` is for the log.
  void start(const std::string& who);
  /// The same, and waits for what comes of it. It goes on when the caller is cancelled.
  net::awaitable<admin::Upgrade> upgrade(std::string who);

  /// Why nothing may change because of an upgrade, or nothing.
  std::string obstacle() const;

  /// This process is told to stop: a new one that is not ready is ended, and one that serves is left alone, even when
  /// it dies.
  void stop();

 private:
  enum class Stage : std::uint8_t { serving, waiting, starting, handed_over };  ///< waiting for a reload to end
  struct Job;

  std::shared_ptr<Job> begin(const std::string& who);
  net::awaitable<void> run(std::shared_ptr<Job> job);
  net::awaitable<void> make_ready();
  /// False where it failed, for lack of memory; it may be tried again.
  bool pass_on();
  net::awaitable<void> watch();
  void conclude(Job& job, const std::string& problem);
  void give_up(Job& job);

  const Parts parts_;
  Stage stage_ = Stage::serving;
  bool stopping_ = false;
  InheritedSockets sockets_;  ///< to take back, until the successor may change them
  std::vector<std::size_t> left_;
  std::optional<Successor> successor_;
};

}  // namespace weir::upgrade
