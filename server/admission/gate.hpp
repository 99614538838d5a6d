#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/admission/access_rules.hpp"
#include "server/admission/admission.hpp"
#include "server/admission/process_limits.hpp"
#include "server/admission/source_table.hpp"
#include "server/admission/token_bucket.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Decides who may come in through a listener, by the limits of the process and of the listener, and by the listener's
/// rules. Exact over all workers. Any thread.
class Gate {
 public:
  using Time = io::Clock::time_point;

  /// Reads the files that the rules name; throws as AccessRules does. `process_sources` counts over all listeners.
  /// `before` is the gate of the listener's earlier configuration, whose connections count here too.
  Gate(Admission& process, const SourceTable& process_sources, const ListenerConfig& config,
       const Gate* before = nullptr);

  struct Entry {
    std::uint64_t id;                   ///< the connection's
    std::optional<SessionEnd> refused;  ///< why it may not come in
    bool header_due = false;            ///< a PROXY header says who it is; its source is checked only then
    std::uint64_t number = 0;           ///< among those that came to the listener so far; 0 if it did not get so far
  };
  /// Checks in this order: connections and rate of the process, then of the listener; whether the peer may send the
  /// PROXY header that is required; then what admit() checks, unless a header is due. A refusal undoes what was counted
  /// before. Out of memory is a refusal.
  Entry enter(const ClientAddress& peer, Time now);
  /// Checks the rules, then connections and rate of the source in the process and at the listener. None of these apply
  /// to a unix client, which has no address. After a refusal the connection stays counted by what enter() checked.
  std::optional<SessionEnd> admit(const ClientAddress& source, Time now);
  /// Once for each connection that enter() let in. `source` is what was admitted, or nothing.
  void leave(const std::optional<ClientAddress>& source, bool cut);

  /// How many it refused, by what refused them; see ListenerSnapshot.
  void add_refusals(std::map<std::string, std::uint64_t>& total) const;

 private:
  /// What refuses a connection.
  enum class Barrier : std::uint8_t {
    process_connections,
    process_rate,
    listener_connections,
    listener_rate,
    source_connections,
    source_rate,
    rules,
    trusted,
    count_,
  };

  std::optional<SessionEnd> enter_listener(Time now, std::uint64_t& number);
  void leave_listener();
  /// Counts a refusal; `rate` stands for a refusal by a rate, `connections` for one by a number of connections.
  SessionEnd refuse(SessionEnd why, Barrier connections, Barrier rate);
  SessionEnd refuse(Barrier barrier, SessionEnd why);

  /// What is counted through all configurations of the listener.
  struct Counts {
    std::mutex mutex;
    std::uint32_t connections = 0;
    std::uint64_t came = 0;
    TokenBucket bucket;
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Barrier::count_)> refusals{};
  };

  Admission& process_;
  SourceTable process_sources_;
  const std::uint32_t descriptors_;  ///< that a connection takes
  const ScopeLimits& limits_;
  const ListenerConfig::ProxyHeaders headers_;
  AddressSet trusted_;
  const AccessRules rules_;
  SourceTable sources_;
  const std::shared_ptr<Counts> counts_;
};

}  // namespace weir
