#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include "common/io/event_loop.hpp"

namespace weir {

/// How many TLS handshakes a worker has under way at once: each needs memory and, when its turn comes, a signature.
/// Those who find no place wait in line. The loop's thread only.
class HandshakePlaces {
 public:
  /// 0 = no limit.
  explicit HandshakePlaces(std::uint32_t most) : most_(most) {}

  /// A place, or a position in the line for one, as long as it lives.
  class Place {
   public:
    /// Throws std::bad_alloc. The slot is woken once granted() is true.
    Place(HandshakePlaces& places, io::Slot& slot);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    bool granted() const { return granted_; }

   private:
    friend class HandshakePlaces;

    HandshakePlaces& places_;
    io::Slot& slot_;
    std::list<Place*>::iterator position_;  ///< unless it is granted
    bool granted_ = false;
  };

  /// From now on so many; whoever has a place keeps it.
  void set_most(std::uint32_t most);

  std::size_t used() const { return used_; }
  std::size_t waiting() const { return line_.size(); }

 private:
  bool has_room() const { return most_ == 0 || used_ < most_; }
  void serve_next();

  std::size_t used_ = 0;
  std::uint32_t most_;
  std::list<Place*> line_;
};

}  // namespace weir
