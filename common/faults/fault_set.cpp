#include "common/faults/fault_set.hpp"

#include <utility>

namespace weir::faults {

FaultSet::FaultSet(std::uint64_t seed, std::string listener, const std::vector<std::shared_ptr<const Fault>>& faults)
    : seed_(seed), listener_(std::move(listener)) {
  for (const std::shared_ptr<const Fault>& fault : faults) {
    Entry& entry = entries_.emplace_back(Entry{fault, {}});
    for (const std::string& range : fault->sources) entry.sources.add(range);
    entry.sources.seal();
  }
}

std::vector<Met> FaultSet::met_by(const Who& who) const {
  std::vector<Met> met;
  for (const Entry& entry : entries_) {
    const bool is_meant = entry.sources.empty() || (who.address && entry.sources.contains(*who.address));
    if (!is_meant) continue;
    const std::uint64_t number = entry.fault->key == Fault::Key::source ? who.source_hash : who.number;
    const std::string& lot_of = entry.fault->lot_of.empty() ? entry.fault->name : entry.fault->lot_of;
    const Lot lot(seed_, listener_, lot_of, number);
    if (lot.is_among(entry.fault->percent)) met.push_back({entry.fault, lot});
  }
  return met;
}

}  // namespace weir::faults
