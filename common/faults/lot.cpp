#include "common/faults/lot.hpp"

#include <algorithm>
#include <cmath>

#include "common/stable_hash.hpp"

namespace weir::faults {

namespace {

constexpr double kTwoToMinus53 = 0x1.0p-53;
constexpr double kParetoShape = 3;
/// Mean and standard deviation of a Pareto distribution of that shape whose least value is 1.
constexpr double kParetoMean = 1.5;
constexpr double kParetoDeviation = 0.866025403784438647;

/// Two draws make a normal one: Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958).
double standard_normal(double first, double second) {
  return std::sqrt(-2 * std::log1p(-first)) * std::cos(2 * M_PI * second);
}

double standard_pareto(double draw) { return (std::pow(1 - draw, -1 / kParetoShape) - kParetoMean) / kParetoDeviation; }

/// How many standard deviations, or for a uniform distribution how many half widths, from the middle.
double spread(Distribution distribution, const Lot& lot, std::uint64_t place) {
  const double draw = lot.draw(Lot::Use::delay, place);
  switch (distribution) {
    case Distribution::constant:
      return 0;
    case Distribution::uniform:
      return 2 * draw - 1;
    case Distribution::normal:
      return standard_normal(draw, lot.draw(Lot::Use::place, place));
    case Distribution::pareto:
      return standard_pareto(draw);
  }
  return 0;
}

}  // namespace

Lot::Lot(std::uint64_t seed, std::string_view listener, std::string_view fault, std::uint64_t number)
    : state_(mix(mix(mix(mix(seed) ^ stable_hash(listener)) ^ stable_hash(fault)) ^ number)) {}

bool Lot::is_among(double percent) const { return draw(Use::whether, 0) * 100 < percent; }

double Lot::draw(Use use, std::uint64_t place) const {
  const std::uint64_t drawn = mix(mix(state_ ^ static_cast<std::uint64_t>(use)) ^ place);
  return static_cast<double>(drawn >> 11) * kTwoToMinus53;
}

std::chrono::microseconds delay_at(const Latency& latency, const Lot& lot, std::uint64_t place) {
  if (latency.jitter.count() == 0) return latency.delay;
  const double delay = static_cast<double>(latency.delay.count()) +
                       static_cast<double>(latency.jitter.count()) * spread(latency.distribution, lot, place);
  return std::chrono::microseconds(std::llround(std::max(delay, 0.0)));
}

std::uint64_t slice_at(const Slice& slice, const Lot& lot, std::uint64_t place) {
  if (slice.variation == 0) return std::max<std::uint64_t>(slice.size, 1);
  const double width = 2 * static_cast<double>(slice.variation) + 1;
  const auto more = static_cast<std::uint64_t>(lot.draw(Lot::Use::slice, place) * width);
  const std::uint64_t size = slice.size + more;
  return size > slice.variation ? size - slice.variation : 1;
}

bool stalls_at(const Stall& stall, const Lot& lot, std::uint64_t place) {
  return lot.draw(Lot::Use::stall, place) < stall.probability;
}

TurnedBit turned_bit(const Corrupt& corrupt, const Lot& lot, std::uint64_t block) {
  const auto within =
      static_cast<std::uint64_t>(lot.draw(Lot::Use::place, block) * static_cast<double>(corrupt.per_bytes));
  const auto bit = static_cast<unsigned>(lot.draw(Lot::Use::bit, block) * 8);
  return {block * corrupt.per_bytes + within, static_cast<std::uint8_t>(1U << bit)};
}

}  // namespace weir::faults
