#pragma once

#include <CLI/App.hpp>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "server/admin/command.hpp"

namespace weir {

/// The verbs that ask a running daemon.
inline constexpr std::array<std::string_view, 10> kAdminVerbs{
    "status",         "connections",     "kill",   "drain-backend", "enable-backend",
    "drain-listener", "enable-listener", "faults", "reload",        "upgrade"};

bool is_admin_verb(std::string_view verb);

/// The options and arguments of these verbs as they are written.
struct AdminArguments {
  std::string admin, token_file, id, upstream, backend;
  std::string listener, source, min_age, min_idle, min_rate, sort, limit;
  std::vector<std::string> words, sources;               ///< faults
  std::string percent, duration, direction, key, apart;  ///< faults; `apart` is the ADMIN of --admin
  bool slow = false, ascending = false, watch = false, json = false, dry_run = false;
};

void declare_admin_verb(CLI::App& app, std::string_view verb, AdminArguments& arguments);

/// Where the daemon is asked, and with which token. Throws std::invalid_argument whose text says what is wrong and what
/// would be right.
admin::Command make_endpoint_command(const AdminArguments& arguments);

/// Throws std::invalid_argument whose text says what is wrong and what would be right.
admin::Command make_admin_command(std::string_view verb, const AdminArguments& arguments);

}  // namespace weir
