#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "server/admission/access_rules.hpp"
#include "server/admission/admission.hpp"
#include "server/admission/source_table.hpp"
#include "server/admission/token_bucket.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Who may come in through a listener, by the limits of the process, those of the listener, and the listener's rules.
/// Exact over all workers. Any thread.
class Gate {
 public:
  using Time = io::Clock::time_point;

  /// Reads the files that the rules name; throws as AccessRules does. `process_sources` counts for all listeners.
  Gate(Admission& process, SourceTable& process_sources, const ListenerConfig& config);

  struct Entry {
    std::uint64_t id;                   ///< the connection's
    std::optional<SessionEnd> refused;  ///< why it may not come in
    bool header_due = false;            ///< a PROXY header says who it is; until then its source is not asked about
  };
  /// Asks in this order, and what is refused takes back what was counted before: connections and rate of the process,
  /// of the listener; whether the peer may send the PROXY header that is required; then as admit() does, unless a
  /// header is due. Out of memory is a refusal.
  Entry enter(const ClientAddress& peer, Time now);
  /// Rules; connections and rate of the source in the process, at the listener. A unix client has no address, so that
  /// none of these concern it. The connection stays counted in otherwise.
  std::optional<SessionEnd> admit(const ClientAddress& source, Time now);
  /// Once for each connection that came in. `source` is what was admitted, or nothing.
  void leave(const std::optional<ClientAddress>& source, bool cut);

 private:
  std::optional<SessionEnd> enter_listener(Time now);
  void leave_listener();

  Admission& process_;
  SourceTable& process_sources_;
  const ScopeLimits& limits_;
  const ListenerConfig::ProxyHeaders headers_;
  AddressSet trusted_;
  const AccessRules rules_;
  SourceTable sources_;
  std::mutex mutex_;
  std::uint32_t connections_ = 0;  ///< counted only where they are limited
  TokenBucket bucket_;
};

}  // namespace weir
