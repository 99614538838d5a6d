#include "server/session/handshake_places.hpp"

namespace weir {

HandshakePlaces::Place::Place(HandshakePlaces& places, io::Slot& slot) : places_(places), slot_(slot) {
  if (places.line_.empty() && places.has_room()) {
    granted_ = true;
    ++places.used_;
  } else {
    position_ = places.line_.insert(places.line_.end(), this);
  }
}

HandshakePlaces::Place::~Place() {
  if (!granted_) {
    places_.line_.erase(position_);
    return;
  }
  --places_.used_;
  places_.serve_next();
}

void HandshakePlaces::set_most(std::uint32_t most) {
  most_ = most;
  while (!line_.empty() && has_room()) serve_next();
}

void HandshakePlaces::serve_next() {
  if (line_.empty() || !has_room()) return;
  Place& next = *line_.front();
  line_.pop_front();
  next.granted_ = true;
  ++used_;
  next.slot_.wake();
}

}  // namespace weir
