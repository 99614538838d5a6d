#include "client/faults/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "client/faults/bounds.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

using Time = Sight::Time;
using Verdict = FaultFinding::Verdict;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// A shorter delay is not told apart from a busy machine's, where a connection should be spared of it.
constexpr milliseconds kNoticeable{20};
/// So many replies must all be late before a connection that should be spared counts as hit.
constexpr int kLateReplies = 3;
/// What holds but one reply must hold it for so long.
constexpr milliseconds kNoticeableOnce{200};

template <typename Kind>
const Kind* as(const faults::Fault& fault) {
  return std::get_if<Kind>(&fault.kind);
}

/// Whether it shows in times, or in silence.
bool is_timed(const faults::Fault& fault) {
  const auto* connect = as<faults::Connect>(fault);
  return as<faults::Latency>(fault) != nullptr || as<faults::Bandwidth>(fault) != nullptr ||
         as<faults::Slice>(fault) != nullptr || as<faults::Stall>(fault) != nullptr ||
         as<faults::SlowClose>(fault) != nullptr || as<faults::HalfOpen>(fault) != nullptr ||
         (connect != nullptr && !connect->fail);
}

std::string shown(io::Clock::duration time) {
  return display_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(time));
}

std::string shown(const CutTerms& cut) {
  std::string text = cut.reset ? "a RST" : "a FIN";
  if (cut.bytes) text += fmt::format(" after {}{} bytes", cut.exact ? "" : "at most ", *cut.bytes);
  if (cut.after) text += fmt::format("{} after {}", cut.bytes ? ", or" : "", shown(*cut.after));
  return text;
}

template <typename Cut>
CutTerms terms_of(const Cut& cut, bool reset, bool exact) {
  if (!cut.after_bytes && !cut.after) return {reset, 0, true, std::nullopt, true};
  return {reset, cut.after_bytes, exact, cut.after, false};
}

class Judge {
 public:
  Judge(const Announcement& announcement, const faults::FaultSet& set, FaultPath path, const faults::Who& who,
        const Sight& sight)
      : path_(path), number_(who.number), sight_(sight), met_(set.met_by(who)) {
    for (const std::shared_ptr<const faults::Fault>& fault : announcement.faults) {
      const bool announced =
          std::any_of(met_.begin(), met_.end(), [&fault](const auto& met) { return met.fault == fault; });
      all_.push_back(lot_of(announcement, fault, who));
      result_.findings.push_back({announced, Verdict::unchecked, ""});
    }
  }

  Judgement run() {
    check_cuts();
    check_times();
    check_silence();
    check_bytes();
    return std::move(result_);
  }

 private:
  const faults::Fault& fault(std::size_t at) const { return *all_[at].fault; }
  bool announced(std::size_t at) const { return result_.findings[at].announced; }
  bool is_wrong(std::size_t at) const { return result_.findings[at].verdict == Verdict::wrong; }

  void agrees(std::size_t at) {
    if (!is_wrong(at)) result_.findings[at] = {announced(at), Verdict::agrees, ""};
  }
  void unchecked(std::size_t at, std::string why) {
    if (result_.findings[at].verdict == Verdict::unchecked) result_.findings[at].why = std::move(why);
  }
  /// Of one fault no more than one mismatch is told.
  void wrong(std::size_t at, std::string was_announced, std::string seen) {
    if (is_wrong(at)) return;
    result_.findings[at] = {announced(at), Verdict::wrong, ""};
    result_.mismatches.push_back({number_, fault(at).name, std::move(was_announced), std::move(seen)});
  }
  void wrong(std::string was_announced, std::string seen) {
    result_.mismatches.push_back({number_, "", std::move(was_announced), std::move(seen)});
  }

  // Ends.

  void check_cuts();
  std::string seen_end() const;
  bool ended_in_order() const {
    return sight_.end == Sight::End::fin && sight_.fin_sent && sight_.came() == sight_.sent();
  }
  bool explains(const CutTerms& cut) const;
  /// Whether the connection lived on although the cut was due.
  bool outlived(const CutTerms& cut) const;
  bool overdue(const CutTerms& cut) const;
  bool answered_after(Time time) const;
  void blame_for_end();

  // Times.

  void check_times();
  void check_announced(std::size_t at, const Bounds& bounds);
  void check_spared(std::size_t at, const Bounds& bounds);
  void blame_for_early(const Bounds& bounds);
  std::size_t message_of(std::uint64_t place) const;
  Bounds bounds_of(const std::vector<faults::Met>& met) const { return {met, path_, sight_.sent()}; }
  /// The faults that are announced, and that one too, or without it.
  std::vector<faults::Met> met_and(std::size_t more) const;
  std::vector<faults::Met> met_without(std::size_t left_out) const;
  Time earliest(const Bounds& bounds, const Sight::Arrival& arrival) const {
    const std::uint64_t last = arrival.place + arrival.length - 1;
    return bounds.byte(sight_, message_of(arrival.place), last);
  }
  /// Bytes that were sent did not come back, so far as they were waited for.
  bool is_held() const { return sight_.end == Sight::End::none && sight_.came() < sight_.sent(); }
  void check_silence();

  // Bytes.

  void check_bytes();
  using Turned = std::vector<Sight::Turned>;
  bool turns_back(std::size_t at) const;
  Turned turned_by(std::size_t at, std::uint64_t horizon) const;

  const FaultPath path_;
  const std::uint64_t number_;
  const Sight& sight_;
  const std::vector<faults::Met> met_;
  std::vector<faults::Met> all_;
  Judgement result_;
};

std::string Judge::seen_end() const {
  const std::string lived = shown(sight_.ended - sight_.began);
  if (sight_.end == Sight::End::none) return fmt::format("{} bytes and no end within {}", sight_.came(), lived);
  return fmt::format("a {} after {} bytes and {}", sight_.end == Sight::End::rst ? "RST" : "FIN", sight_.came(), lived);
}

bool Judge::explains(const CutTerms& cut) const {
  if (sight_.end != (cut.reset ? Sight::End::rst : Sight::End::fin)) return false;
  const std::uint64_t came = sight_.came();
  if ((cut.bytes && came > *cut.bytes) || (cut.at_connect && came > 0)) return false;
  const bool by_bytes = cut.bytes && sight_.sent() >= *cut.bytes && (!cut.exact || came == *cut.bytes);
  return by_bytes || (cut.after && sight_.ended >= sight_.began + *cut.after);
}

bool Judge::answered_after(Time time) const {
  if (sight_.arrivals.empty()) return false;
  return sight_.messages[message_of(sight_.arrivals.back().place)].sent >= time;
}

bool Judge::outlived(const CutTerms& cut) const {
  if (sight_.arrivals.empty()) return false;
  // Its time runs from when the service began, which was before the first reply.
  return cut.at_connect || (cut.bytes && sight_.came() > *cut.bytes) ||
         (cut.after && answered_after(sight_.arrivals.front().at + *cut.after + kCutGrace));
}

bool Judge::overdue(const CutTerms& cut) const {
  if (outlived(cut)) return true;
  if (!sight_.gave_up) return false;
  const bool by_bytes = cut.bytes && sight_.came() == *cut.bytes && sight_.sent() > *cut.bytes;
  return by_bytes || (cut.after && sight_.ended >= sight_.began + *cut.after + kSilence);
}

/// An end that no announced fault explains.
void Judge::blame_for_end() {
  bool blamed = false;
  for (std::size_t at = 0; at < all_.size(); ++at) {
    const std::optional<CutTerms> cut = cut_of(fault(at), path_);
    if (!cut || !announced(at)) continue;
    wrong(at, shown(*cut), seen_end());
    blamed = true;
  }
  for (std::size_t at = 0; at < all_.size() && !blamed; ++at) {
    const std::optional<CutTerms> cut = cut_of(fault(at), path_);
    if (!cut || announced(at) || !explains(*cut)) continue;
    wrong(at, "that the connection is spared", seen_end());
    blamed = true;
  }
  if (!blamed) wrong("no such end", seen_end());
}

void Judge::check_cuts() {
  const bool was_cut = sight_.end != Sight::End::none && !ended_in_order();
  bool explained = false;
  for (std::size_t at = 0; at < all_.size(); ++at) {
    const std::optional<CutTerms> cut = cut_of(fault(at), path_);
    if (!cut) continue;
    if (!announced(at)) {
      if (outlived(*cut)) agrees(at);
      unchecked(at, "the connection did not get so far");
      continue;
    }
    if (was_cut && explains(*cut)) {
      agrees(at);
      explained = true;
    } else if ((cut->bytes && sight_.came() > *cut->bytes) || (cut->at_connect && sight_.came() > 0)) {
      wrong(at, shown(*cut), was_cut ? seen_end() : fmt::format("{} bytes came", sight_.came()));
    } else if (!was_cut && overdue(*cut)) {
      wrong(at, shown(*cut), seen_end());
    } else {
      unchecked(at, was_cut ? "another end came first" : "the connection did not get so far");
    }
  }
  const bool is_told = std::any_of(result_.findings.begin(), result_.findings.end(),
                                   [](const FaultFinding& one) { return one.verdict == Verdict::wrong; });
  if (was_cut && !explained && !is_told) blame_for_end();
}

std::size_t Judge::message_of(std::uint64_t place) const {
  const auto after = std::upper_bound(sight_.messages.begin(), sight_.messages.end(), place,
                                      [](std::uint64_t at, const auto& message) { return at < message.place; });
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - sight_.messages.begin(), 1) - 1);
}

std::vector<faults::Met> Judge::met_and(std::size_t more) const {
  std::vector<faults::Met> met;
  for (std::size_t at = 0; at < all_.size(); ++at) {
    if (announced(at) || at == more) met.push_back(all_[at]);
  }
  return met;
}

std::vector<faults::Met> Judge::met_without(std::size_t left_out) const {
  std::vector<faults::Met> met;
  for (std::size_t at = 0; at < all_.size(); ++at) {
    if (announced(at) && at != left_out) met.push_back(all_[at]);
  }
  return met;
}

/// The first reply that came too early, and who did not hold it.
void Judge::blame_for_early(const Bounds& bounds) {
  const auto early = std::find_if(sight_.arrivals.begin(), sight_.arrivals.end(),
                                  [&](const auto& arrival) { return arrival.at < earliest(bounds, arrival); });
  const bool early_fin =
      early == sight_.arrivals.end() && ended_in_order() && sight_.ended < bounds.fin(sight_, sight_.came());
  if (early == sight_.arrivals.end() && !early_fin) return;
  const Time begin = early_fin ? *sight_.fin_sent : sight_.messages[message_of(early->place)].sent;
  const Time at = early_fin ? sight_.ended : early->at;
  const auto bound = [&](const Bounds& of) { return early_fin ? of.fin(sight_, sight_.came()) : earliest(of, *early); };
  const std::string what =
      early_fin ? std::string("the FIN") : fmt::format("the byte at {}", early->place + early->length - 1);
  const auto blame = [&](std::size_t one, Time due) {
    const std::string not_before = due == Bounds::kNever ? "never" : fmt::format("not before {}", shown(due - begin));
    wrong(one, fmt::format("{} comes {}", what, not_before), fmt::format("after {}", shown(at - begin)));
  };
  bool blamed = false;
  for (std::size_t one = 0; one < all_.size(); ++one) {
    if (!announced(one) || !is_timed(fault(one))) continue;
    const Time due = bound(bounds_of({all_[one]}));
    if (at >= due) continue;
    blame(one, due);
    blamed = true;
  }
  for (std::size_t one = 0; one < all_.size() && !blamed; ++one) {
    if (announced(one) && is_timed(fault(one))) blame(one, bound(bounds));
  }
}

void Judge::check_announced(std::size_t at, const Bounds& bounds) {
  const Bounds without = bounds_of(met_without(at));
  const bool shows =
      std::any_of(sight_.arrivals.begin(), sight_.arrivals.end(),
                  [&](const auto& arrival) { return earliest(bounds, arrival) > earliest(without, arrival); }) ||
      (ended_in_order() && bounds.fin(sight_, sight_.came()) > without.fin(sight_, sight_.came()));
  // Or it holds what was sent last, and has done so for a while.
  const bool holds = is_held() && sight_.ended >= sight_.messages.back().sent + kSilence &&
                     bounds_of({all_[at]}).byte(sight_, message_of(sight_.came()), sight_.came()) > sight_.ended;
  if (shows || holds) return agrees(at);
  unchecked(at, "it did not show on the connection");
}

void Judge::check_spared(std::size_t at, const Bounds& bounds) {
  const Bounds with = bounds_of(met_and(at));
  int late = 0;
  io::Clock::duration least = io::Clock::duration::max();
  for (const Sight::Arrival& arrival : sight_.arrivals) {
    const Time hit = earliest(with, arrival);
    if (arrival.at < hit) return agrees(at);
    const io::Clock::duration noticeable = hit - earliest(bounds, arrival);
    if (noticeable < kNoticeable) continue;
    ++late;
    least = std::min(least, noticeable);
  }
  const bool holds_once = as<faults::Stall>(fault(at)) != nullptr || as<faults::Connect>(fault(at)) != nullptr;
  if (late >= kLateReplies || (holds_once && late > 0 && least >= kNoticeableOnce)) {
    return wrong(
        at, "that the connection is spared",
        fmt::format("all {} replies that it would hold came {} or more later than without it", late, shown(least)));
  }
  // A FIN that is early shows nothing of the bytes before it.
  if (as<faults::SlowClose>(fault(at)) != nullptr && ended_in_order()) {
    const Time hit = with.fin(sight_, sight_.came());
    if (sight_.ended < hit) return agrees(at);
    if (hit - bounds.fin(sight_, sight_.came()) >= kNoticeable) {
      return wrong(at, "that the connection is spared",
                   fmt::format("the FIN came after {}, as late as with it", shown(sight_.ended - *sight_.fin_sent)));
    }
  }
  unchecked(at, "it would not show on the connection");
}

void Judge::check_times() {
  const bool any = std::any_of(all_.begin(), all_.end(), [](const auto& met) { return is_timed(*met.fault); });
  if (!any) return;
  const Bounds bounds = bounds_of(met_);
  blame_for_early(bounds);
  for (std::size_t at = 0; at < all_.size(); ++at) {
    if (!is_timed(fault(at)) || is_wrong(at)) continue;
    if (announced(at)) {
      check_announced(at, bounds);
    } else {
      check_spared(at, bounds);
    }
  }
}

/// Nothing came although nothing held it.
void Judge::check_silence() {
  if (sight_.came() > sight_.sent()) {
    wrong(fmt::format("{} bytes", sight_.sent()), fmt::format("{} came back", sight_.came()));
  }
  const bool is_told = !result_.mismatches.empty();
  if (!is_held() || !sight_.gave_up || is_told) return;
  const std::uint64_t next = sight_.came();
  if (bounds_of(met_).byte(sight_, message_of(next), next) >= sight_.ended) return;
  const std::string seen = fmt::format("nothing came from byte {} on, within {}", next,
                                       shown(sight_.ended - sight_.messages[message_of(next)].sent));
  for (std::size_t at = 0; at < all_.size(); ++at) {
    if (announced(at) || !is_timed(fault(at))) continue;
    if (bounds_of(met_and(at)).byte(sight_, message_of(next), next) < sight_.ended) continue;
    return wrong(at, "that the connection is spared", seen);
  }
  wrong("that it goes on", seen);
}

/// Whether it acts on the way there and on the way back: what is turned twice is as it was.
bool Judge::turns_back(std::size_t at) const { return path_ == FaultPath::proxy && fault(at).way == faults::Way::both; }

/// What one fault turns, on all ways together.
Judge::Turned Judge::turned_by(std::size_t at, std::uint64_t horizon) const {
  const auto* corrupt = as<faults::Corrupt>(fault(at));
  Turned turned;
  if (corrupt == nullptr) return turned;
  if (turns_back(at)) return turned;
  for (std::uint64_t block = 0; block * corrupt->per_bytes < horizon; ++block) {
    const faults::TurnedBit bit = faults::turned_bit(*corrupt, all_[at].lot, block);
    if (bit.place < horizon) turned.push_back({bit.place, bit.mask});
  }
  return turned;
}

void Judge::check_bytes() {
  const bool cut_short = sight_.turned.size() >= Sight::kMostTurned;
  const std::uint64_t horizon = cut_short ? sight_.turned.back().place : sight_.came();
  Turned expected;
  std::vector<Turned> own(all_.size());
  for (std::size_t at = 0; at < all_.size(); ++at) {
    own[at] = turned_by(at, horizon);
    if (announced(at)) expected.insert(expected.end(), own[at].begin(), own[at].end());
  }
  const auto by_place = [](const Sight::Turned& one, const Sight::Turned& other) { return one.place < other.place; };
  std::stable_sort(expected.begin(), expected.end(), by_place);
  // What differs from what was announced: each place with the bits that are other than they should be.
  Turned differs;
  const auto toggle = [&differs](const Sight::Turned& one) {
    if (differs.empty() || differs.back().place != one.place) return differs.push_back(one);
    differs.back().mask ^= one.mask;
    if (differs.back().mask == 0) differs.pop_back();
  };
  Turned both = sight_.turned;
  std::erase_if(both, [horizon](const auto& one) { return one.place >= horizon; });
  both.insert(both.end(), expected.begin(), expected.end());
  std::stable_sort(both.begin(), both.end(), by_place);
  for (const Sight::Turned& one : both) toggle(one);

  bool told = false;
  for (const Sight::Turned& bit : differs) {
    bool blamed = false;
    for (std::size_t at = 0; at < all_.size(); ++at) {
      if (std::find(own[at].begin(), own[at].end(), bit) == own[at].end()) continue;
      blamed = true;
      wrong(at,
            announced(at) ? fmt::format("bit 0x{:02x} of byte {} is turned", bit.mask, bit.place)
                          : std::string("that the connection is spared"),
            fmt::format("it is {}", announced(at) ? "as it was" : fmt::format("turned at byte {}", bit.place)));
    }
    if (!blamed && !told) {
      told = true;
      wrong("no such bit", fmt::format("bits 0x{:02x} of byte {} are not as announced", bit.mask, bit.place));
    }
  }
  for (std::size_t at = 0; at < all_.size(); ++at) {
    if (as<faults::Corrupt>(fault(at)) == nullptr) continue;
    if (!own[at].empty()) agrees(at);
    unchecked(at, turns_back(at) ? "it turns each bit twice, and so none" : "too few bytes came back to show it");
  }
}

}  // namespace

std::optional<CutTerms> cut_of(const faults::Fault& fault, FaultPath path) {
  if (as<faults::Refuse>(fault) != nullptr) return CutTerms{true, 0, true, std::nullopt, true};
  if (const auto* connect = as<faults::Connect>(fault); connect != nullptr && connect->fail) {
    return CutTerms{true, std::nullopt, true, connect->delay, true};
  }
  const bool exact = path == FaultPath::echo || !faults::acts_on(fault, faults::Way::upstream);
  if (const auto* reset = as<faults::Reset>(fault)) return terms_of(*reset, true, exact);
  if (const auto* end = as<faults::End>(fault)) return terms_of(*end, false, exact);
  return std::nullopt;
}

Judgement judge(const Announcement& announcement, const faults::FaultSet& set, FaultPath path, const faults::Who& who,
                const Sight& sight) {
  return Judge(announcement, set, path, who, sight).run();
}

}  // namespace weir::load
