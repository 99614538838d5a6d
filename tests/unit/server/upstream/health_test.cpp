#include "server/upstream/health.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

/// What becomes of a backend whose checks pass (`+`) and fail (`-`): up (`U`) or down (`D`) after each, small where it
/// was not said anew.
std::string story(const std::string& checks, std::uint32_t fall = 3, std::uint32_t rise = 2) {
  HealthConfig config;
  config.fall = fall;
  config.rise = rise;
  Health health(config);
  std::string told;
  for (const char check : checks) {
    const bool changed = health.observe(check == '+');
    told += health.up() ? (changed ? 'U' : 'u') : (changed ? 'D' : 'd');
  }
  return told;
}

TEST(Health, FirstCheckDecidesAlone) {
  EXPECT_EQ(story("-"), "D");
  EXPECT_EQ(story("+"), "u");
}

TEST(Health, FallsAfterSoManyFailuresInARow) {
  EXPECT_EQ(story("+---"), "uuuD");
  EXPECT_EQ(story("+--+--+---"), "uuuuuuuuuD");
}

TEST(Health, RisesAfterSoManySuccessesInARow) {
  EXPECT_EQ(story("-++"), "DdU");
  EXPECT_EQ(story("-+-+-++"), "DdddddU");
}

TEST(Health, ComesAndGoes) { EXPECT_EQ(story("+-+-+-", 1, 1), "uDUDUD"); }

TEST(Health, ChecksComeAnIntervalApartATenthMoreOrLess) {
  using namespace std::chrono_literals;
  HealthConfig config;
  config.interval = 1s;
  EXPECT_EQ(pause_before_check(config, 0), 900ms);
  EXPECT_EQ(pause_before_check(config, 0.5), 1s);
  EXPECT_EQ(pause_before_check(config, 1), 1100ms);
}

}  // namespace
}  // namespace weir
