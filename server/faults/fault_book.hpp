#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/faults/fault.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/faults_snapshot.hpp"

namespace weir {

/// Why a fault is not set: what the configuration allows, or what is wrong with the fault; and what would be right.
struct FaultRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Which faults are on: those of the configuration, and those that are set while the daemon runs. It does nothing by
/// itself; who calls says how late it is.
class FaultBook {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using FaultPtr = std::shared_ptr<const faults::Fault>;

  /// What became of one fault.
  struct News {
    enum class What : std::uint8_t {
      on,
      off,      ///< it was removed, or the next configuration has it no more or does not allow it
      expired,  ///< its time has passed
    };

    std::string listener;
    FaultPtr fault;
    What what = What::on;
    std::optional<std::chrono::milliseconds> left{};  ///< of one that is on
    std::string who{};                                ///< likewise: that set it
  };

  /// `draw_seed` gives a seed where the configuration says none; never 0.
  explicit FaultBook(std::function<std::uint64_t()> draw_seed) : draw_seed_(std::move(draw_seed)) {}

  /// Goes on with a configuration. What its listeners say holds again, whatever was done to it meanwhile, but a fault
  /// that is as it was begins nothing anew: its time goes on, and once that has passed it stays away. Those that were
  /// set while the daemon ran stay, but where the configuration does not allow them, or has one of that name.
  std::vector<News> take_config(const ServerConfig& config, Time now);

  /// Whether the configuration allows faults at all. The seed is 0 where it does not.
  bool is_on() const { return config_.has_value(); }
  std::uint64_t seed() const { return seed_; }

  /// Sets a fault in place of the one of its name, if there is one. Without a `for` it stays as long as the
  /// configuration allows. False if there is no such listener. Throws FaultRefused.
  bool set(const std::string& listener, faults::Fault fault, const std::string& who, Time now, std::vector<News>& news);
  /// False if there is no such fault. One of the configuration comes back with the next reload.
  bool remove(const std::string& listener, const std::string& name, std::vector<News>& news);
  /// All of that listener, or of all listeners. False if there is no such listener.
  bool clear(const std::optional<std::string>& listener, std::vector<News>& news);

  /// Takes those away whose time has passed.
  std::vector<News> expire(Time now);
  /// When expire() has something to do next.
  std::optional<Time> next_expiry() const;

  /// By name, in their order.
  std::vector<std::string> listeners() const;
  /// Those of a listener that are on, in their order.
  std::vector<FaultPtr> faults_of(const std::string& listener) const;
  /// Nothing where the configuration allows none.
  std::optional<FaultsSnapshot> snapshot(Time now) const;

 private:
  struct Entry {
    FaultPtr fault;
    std::chrono::system_clock::time_point since;
    Time begun;
    std::optional<Time> until;
    bool from_file = false;
    std::string who;
  };
  struct Listener {
    std::string name;
    std::vector<Entry> loaded;  ///< what the configuration says, whether it is on or not
    std::vector<Entry> on;
  };

  static Entry loaded(const Listener* before, const faults::Fault& fault, Time now);
  static Entry entry_of(FaultPtr fault, std::string who, bool from_file, Time now);
  static News on(const std::string& listener, const Entry& entry, Time now);
  void take_seed(const std::optional<FaultsConfig>& next);
  Listener next_listener(const ListenerConfig& config, Time now) const;
  void tell_of_end(const Listener& before, std::vector<News>& news) const;
  void refuse_if_off() const;
  Listener* find(const std::string& listener);
  const Listener* find(const std::string& listener) const;

  const std::function<std::uint64_t()> draw_seed_;
  std::optional<FaultsConfig> config_;
  std::uint64_t seed_ = 0;
  std::vector<Listener> listeners_;  ///< those of the configuration, in its order
};

}  // namespace weir
