#include "client/length_spec.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/stable_hash.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

std::uint64_t parse_length(std::string_view text) {
  const std::uint64_t length = parse_size(text);
  if (length == 0) throw std::invalid_argument("a message has at least 1 byte");
  if (length > LengthSpec::kLongest) throw std::invalid_argument("a message has at most 1GiB");
  return length;
}

}  // namespace

LengthSpec LengthSpec::parse(std::string_view text) {
  LengthSpec spec;
  spec.text_ = text;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    std::string_view part = text.substr(0, comma);
    text.remove_prefix(more ? comma + 1 : text.size());
    Part parsed{0, 0, 1};
    if (const std::size_t colon = part.find(':'); colon != std::string_view::npos) {
      parsed.weight = parse_count(part.substr(colon + 1));
      if (parsed.weight == 0 || parsed.weight > 1'000'000) {
        throw std::invalid_argument("a weight is 1 to 1000000, as in 64:90,16k:10");
      }
      part = part.substr(0, colon);
    }
    const std::size_t dash = part.find('-');
    parsed.shortest = parse_length(part.substr(0, dash));
    parsed.longest = dash == std::string_view::npos ? parsed.shortest : parse_length(part.substr(dash + 1));
    if (parsed.longest < parsed.shortest) throw std::invalid_argument("a range goes upward, as in 64-4k");
    spec.total_weight_ += parsed.weight;
    spec.parts_.push_back(parsed);
  }
  return spec;
}

std::uint64_t LengthSpec::pick(std::uint64_t random) const {
  const Part* part = &parts_.front();
  if (parts_.size() > 1) {
    std::uint64_t ticket = random % total_weight_;
    while (ticket >= part->weight) ticket -= (part++)->weight;
    random = mix(random);
  }
  return part->shortest == part->longest ? part->shortest
                                         : part->shortest + random % (part->longest - part->shortest + 1);
}

std::uint64_t LengthSpec::longest() const {
  return std::max_element(parts_.begin(), parts_.end(),
                          [](const Part& a, const Part& b) { return a.longest < b.longest; })
      ->longest;
}

}  // namespace weir::load
