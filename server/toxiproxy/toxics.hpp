#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/toxiproxy/daemon.hpp"
#include "server/toxiproxy/toxic.hpp"

namespace weir::toxiproxy {

/// The toxics of all proxies, and the faults that they are. One whose faults are gone, because their time was over or
/// somebody else took them away, is gone as well. Control thread.
class Toxics {
 public:
  /// The daemon outlives it.
  explicit Toxics(Daemon& daemon) : daemon_(daemon) {}

  /// Those of a listener: the ones upstream first, each in the order in which they came.
  std::vector<Toxic> of(const std::string& listener);
  /// Throws Problem where there is none.
  Toxic find(const std::string& listener, const std::string& name);

  /// Throw Problem: one of its name is there, or the configuration does not allow it.
  void add(const std::string& listener, const Toxic& toxic);
  /// One that is there, by its name.
  void change(const std::string& listener, const Toxic& toxic);
  /// Throws Problem where there is none. A timeout takes the connections with it, for what they have missed cannot be
  /// made good.
  void remove(const std::string& listener, const std::string& name);
  /// All of a listener.
  void clear(const std::string& listener);
  /// Forgets those of listeners that are there no more.
  void keep_only(const std::vector<RunningProxy>& proxies);

 private:
  std::vector<Toxic>& living(const std::string& listener);
  void set(const std::string& listener, const Toxic& toxic);
  void take_away(const std::string& listener, const Toxic& toxic);

  Daemon& daemon_;
  std::map<std::string, std::vector<Toxic>> of_listeners_;
};

}  // namespace weir::toxiproxy
