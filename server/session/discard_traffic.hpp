#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "server/session/fault_cut.hpp"
#include "server/session/service.hpp"
#include "server/session/traffic.hpp"

namespace weir {

/// A connection of DiscardService.
class DiscardTraffic {
 public:
  explicit DiscardTraffic(const DiscardService&) {}

  void begin_with(std::span<const std::byte> bytes) { read_ = bytes.size(); }
  void shape(const Session& session, bool begins);
  Turn turn(Session& session);
  void cut(Session& session) { session.close_softly = cut_by_ && cut_by_->how == Shaper::Cut::end; }
  void describe(SessionRecord& record) const { record.bytes_in = read_; }
  Carried carried() const { return {.in = read_}; }
  Kept kept(const Session&) const { return {}; }
  bool at_rest(const Session& session) const { return session.unread() == 0; }

 private:
  template <typename Stream>
  Turn turn_on(Session& session, Stream& client);

  std::uint64_t read_ = 0;
  std::unique_ptr<Shaper> shaper_;   ///< of the way in; there is none out
  std::optional<ClientCut> cut_by_;  ///< a fault ends it
};

}  // namespace weir
