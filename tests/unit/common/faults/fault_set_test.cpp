#include "common/faults/fault_set.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::faults {
namespace {

std::shared_ptr<const Fault> fault(std::string name, double percent, std::vector<std::string> sources = {}) {
  Fault made;
  made.name = std::move(name);
  made.percent = percent;
  made.sources = std::move(sources);
  made.kind = HalfOpen{};
  return std::make_shared<const Fault>(made);
}

std::vector<std::string> names_met(const FaultSet& set, const Who& who) {
  std::vector<std::string> names;
  for (const Met& met : set.met_by(who)) names.push_back(met.fault->name);
  return names;
}

const IpAddress kInside = IpAddress::v4(0x0a010203);
const IpAddress kOutside = IpAddress::v4(0xc0000201);

TEST(FaultSet, ThoseOfEveryConnectionAreMetInTheirOrder) {
  const FaultSet set(7, "db", {fault("b", 100), fault("a", 100), fault("never", 0)});
  EXPECT_EQ(names_met(set, {1, kOutside, 0}), (std::vector<std::string>{"b", "a"}));
}

TEST(FaultSet, ThoseOfSourcesAreMetByThemAlone) {
  const FaultSet set(7, "db", {fault("a", 100, {"10.0.0.0/8"})});
  EXPECT_EQ(names_met(set, {1, kInside, 0}).size(), 1u);
  EXPECT_TRUE(names_met(set, {1, kOutside, 0}).empty());
  EXPECT_TRUE(names_met(set, {1, std::nullopt, 0}).empty());
}

TEST(FaultSet, AConnectionsLotIsThatOfItsNumber) {
  const FaultSet set(7, "db", {fault("a", 20)});
  for (std::uint64_t number = 1; number < 200; ++number) {
    EXPECT_EQ(!set.met_by({number, kInside, 0}).empty(), Lot(7, "db", "a", number).is_among(20));
  }
}

TEST(FaultSet, ASourcesLotIsTheSameForAllItsConnections) {
  Fault keyed = *fault("a", 50);
  keyed.key = Fault::Key::source;
  const FaultSet set(7, "db", {std::make_shared<const Fault>(keyed)});
  for (std::uint64_t source = 1; source < 50; ++source) {
    const bool first = !set.met_by({1, kInside, source}).empty();
    EXPECT_EQ(first, Lot(7, "db", "a", source).is_among(50));
    for (std::uint64_t number = 2; number < 20; ++number) {
      EXPECT_EQ(!set.met_by({number, kInside, source}).empty(), first);
    }
  }
}

/// A neighbour that comes or goes changes nobody's lot.
TEST(FaultSet, ALotDoesNotDependOnOtherFaults) {
  const auto a = fault("a", 20);
  const FaultSet alone(7, "db", {a});
  const FaultSet among_others(7, "db", {fault("x", 50), a, fault("y", 50)});
  for (std::uint64_t number = 1; number < 200; ++number) {
    const auto names = names_met(among_others, {number, kInside, 0});
    EXPECT_EQ(std::find(names.begin(), names.end(), "a") != names.end(), !alone.met_by({number, kInside, 0}).empty());
  }
}

}  // namespace
}  // namespace weir::faults
