#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/faults/fault.hpp"
#include "common/net.hpp"
#include "server/toxiproxy/proxy.hpp"

namespace weir::toxiproxy {

/// A proxy that the daemon has: a listener all of whose connections go to one server.
struct RunningProxy {
  Proxy proxy;               ///< `listen` is where it really listens, as far as it does
  std::string listener;      ///< the listener's name
  bool made = false;         ///< by a client of the API; else the configuration file has it
  std::uint64_t bytes_in{};  ///< from its clients
  std::uint64_t bytes_out{};
};

/// What Toxiproxy's API sees of the daemon, and can do to it. What throws std::runtime_error has changed nothing, and
/// its text says why. Control thread.
class Daemon {
 public:
  virtual ~Daemon() = default;

  virtual std::vector<RunningProxy> proxies() = 0;
  /// Whether clients may make, change and remove proxies.
  virtual bool may_create() const = 0;

  /// Makes a proxy, or changes the one of its name that was made; the connections of one that was changed end. Throws
  /// Problem and std::runtime_error.
  virtual net::awaitable<void> put(Proxy proxy) = 0;
  /// Removes one that was made, with its connections. Throws std::runtime_error.
  virtual net::awaitable<void> remove(std::string name) = 0;
  /// Opens a listener of the configuration file, or closes it with its connections. Throws std::runtime_error.
  virtual net::awaitable<void> enable(std::string listener, bool enabled) = 0;
  /// Ends the connections of a listener.
  virtual void cut(const std::string& listener) = 0;

  using FaultPtr = std::shared_ptr<const faults::Fault>;
  /// Those of a listener that are on.
  virtual std::vector<FaultPtr> faults(const std::string& listener) const = 0;
  /// Sets one, in place of the one of its name. Throws std::runtime_error where the configuration does not allow it.
  virtual void set_fault(const std::string& listener, faults::Fault fault) = 0;
  virtual void remove_fault(const std::string& listener, const std::string& name) = 0;
  /// Resumes once the connections that there are know of what was set and removed before.
  virtual net::awaitable<void> until_faults_reach_all() = 0;
};

}  // namespace weir::toxiproxy
