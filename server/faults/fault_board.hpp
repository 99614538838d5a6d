#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/faults/fault_set.hpp"
#include "server/faults/fault_book.hpp"

namespace weir {

/// The faults of the running daemon: the configuration's and those that are set while it runs, which go by themselves
/// once their time has passed. It logs each change, and tells whoever does harm by them. Control thread.
class FaultBoard {
 public:
  /// Told which faults a listener has from now on; null for none.
  using Publish = std::function<void(const std::string& listener, faults::FaultSetPtr faults)>;

  /// The context outlives it. Seeds that the configuration does not say come from the system's source of randomness.
  FaultBoard(boost::asio::io_context& context, Publish publish);
  FaultBoard(const FaultBoard&) = delete;
  FaultBoard& operator=(const FaultBoard&) = delete;

  /// Goes on with a configuration (FaultBook::take_config). `publish` is told of its listeners, and of those that it
  /// has no more.
  void take_config(const ServerConfig& config, const Publish& publish);

  enum class Outcome : std::uint8_t {
    done,
    already,    ///< there was nothing to clear
    not_found,  ///< no such listener, or no such fault
  };

  /// Sets a fault in place of the one of its name. `who` is for the log: "the admin endpoint". Throws FaultRefused.
  Outcome set(const std::string& listener, faults::Fault fault, const std::string& who);
  Outcome remove(const std::string& listener, const std::string& name, const std::string& who);
  Outcome clear(const std::optional<std::string>& listener, const std::string& who);

  /// Nothing where the configuration allows no faults.
  std::optional<FaultsSnapshot> snapshot() const;

 private:
  struct Published {
    std::uint64_t seed = 0;
    std::vector<FaultBook::FaultPtr> faults;

    bool operator==(const Published&) const = default;
  };

  void tell(const std::vector<FaultBook::News>& news, const std::string& who, const Publish& publish);
  void publish_for(const std::string& listener, const Publish& publish);
  void wait_for_expiry();

  FaultBook book_;
  const Publish publish_;
  std::map<std::string, Published> published_;  ///< what each listener that has faults was told last
  boost::asio::steady_timer timer_;
};

}  // namespace weir
