#pragma once

#include <optional>

#include "server/session/direction.hpp"
#include "server/session/fault_cut.hpp"
#include "server/session/service.hpp"
#include "server/session/traffic.hpp"

namespace weir {

/// A connection of EchoService: one direction, whose source is its sink.
class EchoTraffic {
 public:
  explicit EchoTraffic(const EchoService& service);

  void begin_with(std::span<const std::byte> bytes) { direction_.begin_with(bytes, change_); }
  void shape(const Session& session, bool begins) {
    direction_.shape(session.shaping->terms(true, true), session.now(), begins);
  }
  Turn turn(Session& session);
  void cut(Session& session) {
    lost_records_ = static_cast<std::uint32_t>(session.kept_records());
    session.close_softly = cut_by_ && cut_by_->how == Shaper::Cut::end;
  }
  void describe(SessionRecord& record) const;
  Carried carried() const { return {direction_.read() + direction_.first_left(), direction_.written()}; }
  Kept kept(const Session& session) const;
  bool at_rest(const Session& session) const;

 private:
  template <typename Stream>
  Turn turn_on(Session& session, Stream& client);

  const Transform change_;
  Direction direction_;
  std::optional<ClientCut> cut_by_;  ///< a fault ends it
  std::uint32_t lost_records_ = 0;   ///< of TLS, that the socket did not take
};

}  // namespace weir
