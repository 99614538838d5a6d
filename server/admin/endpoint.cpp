#include "server/admin/endpoint.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "common/logging.hpp"
#include "server/admin/api.hpp"
#include "server/admin/connection.hpp"

namespace weir::admin {

namespace {

/// What the sockets of an endpoint are called where another process takes them over.
std::string inherited_name(const std::string& name) { return name == Endpoint::kAdmin ? "" : name; }

}  // namespace

Endpoint::Prepared Endpoint::prepare(const AdminConfig& config, const Listening& running,
                                     const HandedOverSockets& handed_over, InheritedSockets* inherited,
                                     const std::string& name) {
  Prepared prepared(name, config);
  try {
    prepared.sockets_ = open_sockets(config, running, handed_over, inherited, inherited_name(name));
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", name, error.what()));
  }
  if (config.token_file != running.config.token_file) prepared.token_.emplace(config.token_file);
  if (!prepared.sockets_.kept.empty() && config.bind.is_unix() && config.unix_socket != running.config.unix_socket) {
    try {
      prepared.permissions_.emplace(config.unix_socket);
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("{}: {}", name, error.what()));
    }
  }
  return prepared;
}

Endpoint::Endpoint(const net::Executor& executor, Prepared prepared, const MakeAnswers& make, const Bounds& bounds)
    : executor_(executor),
      connections_(std::make_shared<Connections>(std::move(prepared.name_), std::move(prepared.config_), make, bounds,
                                                 stop_.get_token())) {
  for (OpenSocket& socket : prepared.sockets_.opened) {
    acceptors_.emplace_back(executor_, std::move(socket), connections_);
  }
}

Endpoint::Endpoint(const net::Executor& executor, Prepared prepared, Daemon& daemon, const Bounds& bounds)
    : Endpoint(
          executor, std::move(prepared),
          [&daemon](const AdminConfig& config) { return std::make_unique<Api>(config, daemon); }, bounds) {}

Endpoint::~Endpoint() { stop(); }

std::vector<std::string> Endpoint::bound() const {
  std::vector<std::string> names;
  for (const Acceptor& acceptor : acceptors_) names.push_back(acceptor.socket().name());
  return names;
}

Listening Endpoint::listening() const {
  Listening now{connections_->config, {}};
  for (const Acceptor& acceptor : acceptors_) now.endpoints.push_back(acceptor.socket().endpoint());
  return now;
}

void Endpoint::copy_sockets(InheritedSockets& copies) const {
  std::size_t index = 0;
  for (const Acceptor& acceptor : acceptors_) {
    copies.add(InheritedGroup::Owner::admin, inherited_name(connections_->name), index++,
               connections_->config.bind.port == 0, acceptor.socket().descriptors());
  }
}

void Endpoint::pass_on(const std::set<std::size_t>& left) {
  std::size_t index = 0;
  for (Acceptor& acceptor : acceptors_) {
    if (!left.contains(index++)) acceptor.pass_on();
  }
}

void Endpoint::own_files() {
  for (Acceptor& acceptor : acceptors_) acceptor.own_file();
  if (!connections_->config.bind.is_unix()) return;
  try {
    set_permissions(SocketPermissions(connections_->config.unix_socket));
  } catch (const std::exception& error) {
    spdlog::error("{}: {}", connections_->name, error.what());
  }
}

void Endpoint::apply(Prepared prepared) {
  if (retired_ || stop_.stop_requested()) return;
  if (prepared.token_) connections_->answers->set_token_file(std::move(*prepared.token_));
  connections_->config = std::move(prepared.config_);
  Acceptors before;
  before.swap(acceptors_);
  for (OpenSocket& socket : prepared.sockets_.opened) accept_from(std::move(socket));
  const std::vector<weir::Endpoint>& kept = prepared.sockets_.kept;
  for (auto acceptor = before.begin(); acceptor != before.end();) {
    const auto one = acceptor++;
    if (std::find(kept.begin(), kept.end(), one->socket().endpoint()) != kept.end()) {
      acceptors_.splice(acceptors_.end(), before, one);
    }
  }
  if (prepared.permissions_) set_permissions(*prepared.permissions_);
  retire(std::move(before));
}

void Endpoint::accept_from(OpenSocket socket) try {
  acceptors_.emplace_back(executor_, std::move(socket), connections_);
} catch (const std::exception& error) {
  spdlog::error("{}: cannot accept connections: {}", connections_->name, error.what());
}

void Endpoint::set_permissions(const SocketPermissions& permissions) try {
  for (const Acceptor& acceptor : acceptors_) acceptor.set(permissions);
} catch (const std::exception& error) {
  spdlog::error("{}: {}", connections_->name, error.what());
}

void Endpoint::retire(Acceptors acceptors) {
  for (Acceptor& acceptor : acceptors) {
    try {
      acceptor.retire(executor_, connections_);
    } catch (const std::exception& error) {
      spdlog::error("{}: a connection that waited is closed: {}", connections_->name, error.what());
    }
  }
  connections_->wake_idle();
}

void Endpoint::retire(std::function<void()> done) {
  if (std::exchange(retired_, true) || stop_.stop_requested()) return;
  retire(std::exchange(acceptors_, {}));
  connections_->when_empty(executor_, std::move(done));
}

void Endpoint::stop() {
  if (stop_.stop_requested()) return;
  stop_.request_stop();
  connections_->cancel_when_empty();
  connections_->close_all();
  acceptors_.clear();
}

}  // namespace weir::admin
