#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/faults/fault_set.hpp"
#include "server/shaping/bandwidth_limits.hpp"
#include "server/shaping/delay_line.hpp"

namespace weir {

/// What one way of a connection is to keep to.
struct WayTerms {
  struct Rate {
    std::shared_ptr<ByteBuckets> of;
    bool in = true;  ///< else out

    ByteBucket& bucket() const { return in ? of->in : of->out; }
  };
  std::vector<Rate> rates;
  std::vector<faults::Met> faults;

  bool empty() const { return rates.empty() && faults.empty(); }
};

/// Says of one way of a connection how many bytes may be read now, how much later they arrive, and when the way ends
/// by a fault. It moves no bytes itself: Direction does, and asks. Places are counted from where a fault came, so what
/// happens to a byte does not depend on how the stream was read, but for jitter, which is that of the place where the
/// piece begins that was read at once. One thread only.
class Shaper {
 public:
  using Time = io::Clock::time_point;

  /// How a fault ends the connection.
  enum class Cut : std::uint8_t {
    reset,            ///< a RST, at once
    reset_delivered,  ///< a RST, once all that was written has arrived
    end,              ///< a FIN
  };

  /// `read` bytes have passed already. Throws std::bad_alloc.
  Shaper(WayTerms terms, std::uint64_t read, Time now) { renew(std::move(terms), read, now); }
  Shaper(const Shaper&) = delete;
  Shaper& operator=(const Shaper&) = delete;
  ~Shaper() { give_back(); }

  /// Other terms from now on. Faults that stay keep what they have come to, and bytes that are under way lose nothing.
  /// Throws std::bad_alloc.
  void renew(WayTerms terms, std::uint64_t read, Time now);

  /// A turn of the way begins.
  void begin_turn(Time now);
  /// When the next turn is due at the latest, as far as this one has found out.
  Time due() const { return due_; }
  void wait_until(Time due) { due_ = std::min(due_, due); }
  Time now() const { return now_; }

  /// How many bytes may be read now, at most `most`, of a source that has `at_hand()` to give, which is asked only
  /// where it matters; 0 = none before due().
  template <typename AtHand>
  std::size_t may_read(std::uint64_t read, std::size_t most, AtHand at_hand) {
    const std::uint64_t allowed = allowed_by_faults(read, most);
    if (allowed == 0 || buckets_.empty()) return static_cast<std::size_t>(allowed);
    if (booked_ == 0) book(std::min<std::uint64_t>(allowed, std::max<std::size_t>(at_hand(), 1)));
    if (booked_for_ > now_) {
      wait_until(booked_for_);
      return 0;
    }
    return static_cast<std::size_t>(std::min(allowed, booked_));
  }
  /// That many were. Whatever else was booked is given back once the source has no more.
  void did_read(std::size_t bytes, bool more) {
    booked_ -= std::min<std::uint64_t>(booked_, bytes);
    if (!more) give_back();
  }

  /// Changes what was read from that place on, where a fault wants it. Only of what delays().
  void change(std::span<std::byte> bytes, std::uint64_t place) const;

  /// Whether bytes stand in line() before they are written: because they are to arrive later, in slices or changed.
  bool delays() const { return delays_ || !line_.empty(); }
  /// Whether what is read goes into line(); if not, there is what is left of faults that have gone.
  bool fills_line() const { return delays_; }
  DelayLine& line() { return line_; }
  /// When what was read now, from that place on, may be written.
  Time release_at(std::uint64_t place) const { return now_ + delay_at(place); }
  /// How many of `most` bytes from that place on may be written at once; 0 = none before due().
  std::size_t may_write(std::uint64_t place, std::size_t most);
  void did_write(std::uint64_t place);

  /// The source's FIN has come. Only the first call counts.
  void note_end() {
    if (!ended_at_) ended_at_ = now_;
  }
  /// Whether it may be passed on, behind `read` bytes.
  bool may_end(std::uint64_t read);

  /// Whether the way is over, and how: `read` bytes were read, and `pending` of them not yet written.
  std::optional<Cut> cut(std::uint64_t read, std::size_t pending) const;

  /// Bytes of the source that were read before there was a shaper, and that are to pass as if they had not been: what
  /// of them has passed is taken away from the front.
  std::span<const std::byte>& first_bytes() { return first_; }
  const std::span<const std::byte>& first_bytes() const { return first_; }
  void begin_with(std::span<const std::byte> bytes) {
    first_owned_.assign(bytes.begin(), bytes.end());
    first_ = first_owned_;
  }

  /// Whether nothing is left to do, so that it may go.
  bool is_done() const { return buckets_.empty() && effects_.empty() && line_.empty() && first_.empty(); }

 private:
  /// A fault, and what it has come to.
  struct Effect {
    faults::Met met;
    std::uint64_t begin = 0;  ///< the place in the stream where it came
    Time since{};
    std::uint64_t next_stall = 0;  ///< the next place where the way may stop
    Time stalled_until{};
    std::uint64_t slice_end = 0;  ///< place
    Time next_slice{};
    std::shared_ptr<ByteBuckets> bucket{};  ///< of a fault of bandwidth
  };

  std::uint64_t allowed_by_faults(std::uint64_t read, std::uint64_t most);
  std::uint64_t allowed_by(Effect& effect, std::uint64_t read, std::uint64_t most);
  std::uint64_t stall(Effect& effect, const faults::Stall& stall, std::uint64_t read);
  template <typename Harm>
  std::uint64_t until_harm(const Effect& effect, const Harm& harm, std::uint64_t read, std::uint64_t most) const;
  std::chrono::microseconds delay_at(std::uint64_t place) const;
  void book(std::uint64_t bytes);
  void give_back();

  std::vector<Effect> effects_;
  std::vector<WayTerms::Rate> buckets_;
  DelayLine line_;
  std::vector<std::byte> first_owned_;
  std::span<const std::byte> first_;
  Time now_{};
  Time due_ = Time::max();
  std::uint64_t booked_ = 0;  ///< bytes in each bucket that were not read yet
  Time booked_for_{};
  std::optional<Time> ended_at_;  ///< when the FIN came
  bool delays_ = false;
};

}  // namespace weir
