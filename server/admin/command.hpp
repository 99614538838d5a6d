#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/address.hpp"
#include "server/config/server_config.hpp"

namespace weir::admin {

/// A verb of the command line that asks a running daemon.
struct Command {
  enum class Verb : std::uint8_t {
    status,
    connections,
    kill,
    drain_backend,
    enable_backend,
    drain_listener,
    enable_listener,
    reload,
    upgrade,
    faults,
    set_fault,
    clear_faults,
  };

  Verb verb = Verb::status;
  std::optional<Address> endpoint;  ///< nothing where the command line names none
  std::string token_file;           ///< empty where the command line names none
  bool watch = false;               ///< status, connections: again each second
  bool json = false;                ///< status, connections, faults: what the API answers
  std::string query;                ///< connections: `?listener=db&sort=kept`, or empty
  std::string id;                   ///< kill
  std::string upstream;             ///< drain_backend, enable_backend
  std::string backend;              ///< likewise
  std::string listener;             ///< drain_listener, enable_listener, set_fault, clear_faults (empty = all)
  std::string fault;                ///< set_fault; clear_faults (empty = all of the listener)
  std::string body;                 ///< set_fault: the fault as JSON

  bool dry_run = false;  ///< reload: only say what would change

  bool operator==(const Command&) const = default;
};

/// The verb as it is typed.
std::string to_string(Command::Verb verb);

/// Carries the command out: the answer goes to stdout, what went wrong to stderr. The exit status: 0 done, 1 not
/// (nobody answers, or refuses it), 2 bad usage. Where the command names no endpoint, the environment or else
/// `config_file` says where it is. Blocks; with `watch` until a signal ends it.
int run_command(const Command& command, const std::string& config_file);

/// `weir check --diff`: says what a reload of `config_file`, which was read as `next`, would change of what the daemon
/// runs. The exit status: 0 nothing, 3 something, 1 a reload would be refused or nobody answers, 2 bad usage.
int run_check_diff(const Command& command, const ServerConfig& next, const std::string& config_file);

}  // namespace weir::admin
