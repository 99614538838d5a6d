#include "server/session/handshake_places.hpp"

namespace weir {

HandshakePlaces::Place::Place(HandshakePlaces& places, io::Slot& slot) : places_(places), slot_(slot) {
  if (places.most_ == 0 || places.used_ < places.most_) {
    granted_ = true;
    ++places.used_;
  } else {
    position_ = places.line_.insert(places.line_.end(), this);
  }
}

HandshakePlaces::Place::~Place() {
  if (!granted_) {
    places_.line_.erase(position_);
  } else if (places_.line_.empty()) {
    --places_.used_;
  } else {
    Place& next = *places_.line_.front();
    places_.line_.pop_front();
    next.granted_ = true;
    next.slot_.wake();
  }
}

}  // namespace weir
