#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

#include "common/io/event_loop.hpp"

namespace weir {

/// How many TLS handshakes a worker has under way at once: each needs memory and, when its turn comes, a signature.
/// Those who find no place wait in line, first come, first served.
///
///     in line ──▶ granted ──pause()──▶ halfway: waits for its client, and holds memory alone
///                    ▲                    │
///                    ╰───── resume() ─────╯  before all who are new
///
/// A client that falls silent takes none of the places, and a bounded number of clients may be halfway. The loop's
/// thread only.
class HandshakePlaces {
 public:
  /// So many may be halfway for each place.
  static constexpr std::size_t kHalfwayForEach = 64;

  /// 0 = no limit.
  explicit HandshakePlaces(std::uint32_t most) : most_(most) {}

  /// A place, or a position in the line for one, as long as it lives.
  class Place {
   public:
    /// Throws std::bad_alloc. Where it is not granted at once, the slot is woken when it is.
    Place(HandshakePlaces& places, io::Slot& slot);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    bool granted() const { return state_ == State::granted; }
    /// Gives the place up until the client says more.
    void pause();
    /// Asks for it again. Throws std::bad_alloc. Where it is not granted at once, the slot is woken when it is.
    void resume();

   private:
    friend class HandshakePlaces;
    enum class State : std::uint8_t { in_line, granted, halfway, returning };

    HandshakePlaces& places_;
    io::Slot& slot_;
    std::list<Place*>::iterator position_;  ///< while it waits
    State state_ = State::in_line;
  };

  /// From now on so many; whoever has a place keeps it.
  void set_most(std::uint32_t most);

  /// Those that are granted.
  std::size_t used() const { return used_; }
  std::size_t halfway() const { return halfway_; }

 private:
  bool has_room() const { return most_ == 0 || used_ < most_; }
  bool has_room_for_new() const { return has_room() && (most_ == 0 || halfway_ < most_ * kHalfwayForEach); }
  void grant(Place& place);
  void serve();

  std::size_t used_ = 0;
  std::size_t halfway_ = 0;  ///< also those that are returning: they hold memory
  std::uint32_t most_;
  std::list<Place*> line_;
  std::list<Place*> returning_;
};

}  // namespace weir
