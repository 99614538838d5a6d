#include "server/session/handshake_places.hpp"

namespace weir {

HandshakePlaces::Place::Place(HandshakePlaces& places, io::Slot& slot) : places_(places), slot_(slot) {
  if (places.line_.empty() && places.returning_.empty() && places.has_room_for_new()) {
    places.grant(*this);
  } else {
    position_ = places.line_.insert(places.line_.end(), this);
  }
}

HandshakePlaces::Place::~Place() {
  switch (state_) {
    case State::in_line:
      places_.line_.erase(position_);
      return;
    case State::granted:
      --places_.used_;
      break;
    case State::returning:
      places_.returning_.erase(position_);
      [[fallthrough]];
    case State::halfway:
      --places_.halfway_;
      break;
  }
  places_.serve();
}

void HandshakePlaces::Place::pause() {
  state_ = State::halfway;
  --places_.used_;
  ++places_.halfway_;
  places_.serve();
}

void HandshakePlaces::Place::resume() {
  if (places_.returning_.empty() && places_.has_room()) {
    // No wake-up: the slot does not wait yet, and its next wait would end for nothing.
    --places_.halfway_;
    places_.grant(*this);
    places_.serve();
    return;
  }
  position_ = places_.returning_.insert(places_.returning_.end(), this);
  state_ = State::returning;
  places_.serve();
}

void HandshakePlaces::set_most(std::uint32_t most) {
  most_ = most;
  serve();
}

void HandshakePlaces::grant(Place& place) {
  place.state_ = Place::State::granted;
  ++used_;
}

void HandshakePlaces::serve() {
  while (!returning_.empty() && has_room()) {
    Place& next = *returning_.front();
    returning_.pop_front();
    --halfway_;
    grant(next);
    next.slot_.wake();
  }
  while (!line_.empty() && has_room_for_new()) {
    Place& next = *line_.front();
    line_.pop_front();
    grant(next);
    next.slot_.wake();
  }
}

}  // namespace weir
