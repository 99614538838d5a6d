#include "server/faults/fault_book.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Time = FaultBook::Time;

constexpr const char* kWho = "somebody";

faults::Fault fault(const std::string& name, std::chrono::milliseconds duration = 0ms, double percent = 100) {
  faults::Fault made;
  made.name = name;
  made.kind = faults::Refuse{};
  made.duration = duration;
  made.percent = percent;
  return made;
}

/// Listeners `db` and `web`, of which the first has these faults.
ServerConfig config(std::vector<faults::Fault> of_db = {}, std::optional<FaultsConfig> bounds = FaultsConfig{}) {
  ServerConfig made;
  made.faults = std::move(bounds);
  made.listeners.resize(2);
  made.listeners[0].name = "db";
  made.listeners[0].faults = std::move(of_db);
  made.listeners[1].name = "web";
  return made;
}

FaultsConfig bounds(std::uint64_t seed, std::chrono::milliseconds max_for = 1h, double max_percent = 100) {
  FaultsConfig made;
  made.seed = seed;
  made.max_for = max_for;
  made.max_percent = max_percent;
  return made;
}

/// "+db.slow for 10000", "-db.slow", "!db.slow" for one that expired.
std::vector<std::string> told(const std::vector<FaultBook::News>& news) {
  std::vector<std::string> texts;
  for (const FaultBook::News& one : news) {
    using What = FaultBook::News::What;
    std::string text = one.what == What::on ? "+" : one.what == What::off ? "-" : "!";
    text += one.listener + "." + one.fault->name;
    if (one.left) text += " for " + std::to_string(one.left->count());
    texts.push_back(text);
  }
  return texts;
}

class FaultBookTest : public ::testing::Test {
 protected:
  std::vector<std::string> take(const ServerConfig& next) { return told(book.take_config(next, now)); }
  std::vector<std::string> set(const std::string& listener, const faults::Fault& fault) {
    std::vector<FaultBook::News> news;
    EXPECT_TRUE(book.set(listener, fault, kWho, now, news));
    return told(news);
  }
  std::vector<std::string> remove(const std::string& listener, const std::string& name) {
    std::vector<FaultBook::News> news;
    EXPECT_TRUE(book.remove(listener, name, news));
    return told(news);
  }
  std::vector<std::string> expire() { return told(book.expire(now)); }
  std::string refusal(const faults::Fault& fault) {
    std::vector<FaultBook::News> news;
    try {
      book.set("db", fault, kWho, now, news);
      return "";
    } catch (const FaultRefused& refused) {
      EXPECT_THAT(news, IsEmpty());
      return refused.what();
    }
  }
  std::vector<std::string> names(const std::string& listener) const {
    std::vector<std::string> found;
    for (const auto& fault : book.faults_of(listener)) found.push_back(fault->name);
    return found;
  }

  Time now = Time(1000h);
  std::uint64_t drawn = 7;
  FaultBook book{[this] { return drawn++; }};
};

TEST_F(FaultBookTest, HasThoseOfTheConfiguration) {
  EXPECT_THAT(take(config({fault("slow"), fault("cut", 10s)})), ElementsAre("+db.slow", "+db.cut for 10000"));
  EXPECT_THAT(names("db"), ElementsAre("slow", "cut"));
  EXPECT_THAT(names("web"), IsEmpty());
  EXPECT_THAT(names("nobody"), IsEmpty());
  EXPECT_EQ(book.next_expiry(), now + 10s);
}

TEST_F(FaultBookTest, TakesThemAwayInTheirTimeAndNotBefore) {
  take(config({fault("a", 10s), fault("b", 20s), fault("c")}));
  now += 10s - 1ns;
  EXPECT_THAT(expire(), IsEmpty());
  now += 1ns;
  EXPECT_THAT(expire(), ElementsAre("!db.a"));
  EXPECT_EQ(book.next_expiry(), now + 10s);
  now += 1h;
  EXPECT_THAT(expire(), ElementsAre("!db.b"));
  EXPECT_EQ(book.next_expiry(), std::nullopt);
  EXPECT_THAT(names("db"), ElementsAre("c"));
}

TEST_F(FaultBookTest, ReloadThatChangesNothingOfAFaultLeavesItAndItsTimeAlone) {
  take(config({fault("slow", 10s), fault("cut")}));
  const auto before = book.faults_of("db");
  now += 4s;
  EXPECT_THAT(take(config({fault("slow", 10s), fault("cut")})), IsEmpty());
  EXPECT_EQ(book.faults_of("db"), before);  // the same objects, by which connections know them
  EXPECT_EQ(book.next_expiry(), now + 6s);
}

TEST_F(FaultBookTest, OneWhoseTimeIsOverStaysAwayUntilItChanges) {
  take(config({fault("slow", 10s)}));
  now += 10s;
  EXPECT_THAT(take(config({fault("slow", 10s)})), ElementsAre("!db.slow"));
  EXPECT_THAT(names("db"), IsEmpty());
  now += 1h;
  EXPECT_THAT(take(config({fault("slow", 10s)})), IsEmpty());
  EXPECT_THAT(take(config({fault("slow", 11s)})), ElementsAre("+db.slow for 11000"));
}

TEST_F(FaultBookTest, ReloadReplacesWhatItChangesAndTakesAwayWhatItDoesNotHave) {
  take(config({fault("slow"), fault("cut")}));
  EXPECT_THAT(take(config({fault("slow", 0ms, 20)})), ElementsAre("-db.cut", "+db.slow"));
  EXPECT_EQ(book.faults_of("db").at(0)->percent, 20);
}

TEST_F(FaultBookTest, SetsOneForAsLongAsTheConfigurationAllows) {
  take(config({}, bounds(1, 30s)));
  EXPECT_THAT(set("web", fault("slow")), ElementsAre("+web.slow for 30000"));
  EXPECT_THAT(set("web", fault("cut", 5s)), ElementsAre("+web.cut for 5000"));
  EXPECT_THAT(names("web"), ElementsAre("slow", "cut"));
  EXPECT_EQ(book.next_expiry(), now + 5s);
}

TEST_F(FaultBookTest, SetsOneForGoodWhereTimeHasNoBound) {
  take(config({}, bounds(1, 0ms)));
  EXPECT_THAT(set("web", fault("slow")), ElementsAre("+web.slow"));
  EXPECT_THAT(set("web", fault("cut", 1000h)), ElementsAre("+web.cut for 3600000000"));
}

TEST_F(FaultBookTest, RefusesWhatIsBeyondTheBoundsOrCannotBe) {
  take(config({}, bounds(1, 1h, 5)));
  EXPECT_EQ(refusal(fault("a", 1h, 5)), "");
  EXPECT_EQ(refusal(fault("a", 2h, 5)),
            "for: 2h is longer than the configuration allows (faults.max_for); 1h is the most");
  EXPECT_EQ(refusal(fault("a", 1h, 5.5)),
            "percent: 5.5 is more than the configuration allows (faults.max_percent); 5 is the most");
  EXPECT_THAT(refusal(fault("a b", 1h, 5)), HasSubstr("name: \"a b\" is not a name"));
  faults::Fault empty = fault("a", 1h, 5);
  empty.kind = faults::Slice{0};
  EXPECT_THAT(refusal(empty), HasSubstr("slice.size: is 0"));
}

TEST_F(FaultBookTest, RefusesEverythingWithoutTheSection) {
  EXPECT_THAT(refusal(fault("a")), HasSubstr("has no section `faults`"));
  take(config({}, std::nullopt));
  std::vector<FaultBook::News> news;
  EXPECT_THAT(refusal(fault("a")), HasSubstr("write faults: {} into it and reload"));
  EXPECT_THROW(book.remove("db", "a", news), FaultRefused);
  EXPECT_THROW(book.clear(std::nullopt, news), FaultRefused);
  EXPECT_FALSE(book.is_on());
  EXPECT_EQ(book.snapshot(now), std::nullopt);
}

TEST_F(FaultBookTest, KnowsNoListenerThatThereIsNot) {
  take(config());
  std::vector<FaultBook::News> news;
  EXPECT_FALSE(book.set("nobody", fault("a"), kWho, now, news));
  EXPECT_FALSE(book.remove("nobody", "a", news));
  EXPECT_FALSE(book.remove("db", "a", news));
  EXPECT_FALSE(book.clear("nobody", news));
  EXPECT_THAT(news, IsEmpty());
}

TEST_F(FaultBookTest, OneThatIsSetReplacesTheFilesUntilTheNextReload) {
  take(config({fault("slow"), fault("cut")}));
  const auto of_file = book.faults_of("db").at(0);
  EXPECT_THAT(set("db", fault("slow", 10s, 20)), ElementsAre("+db.slow for 10000"));
  EXPECT_THAT(names("db"), ElementsAre("slow", "cut"));
  EXPECT_EQ(book.faults_of("db").at(0)->percent, 20);
  EXPECT_THAT(take(config({fault("slow"), fault("cut")})), ElementsAre("+db.slow"));
  EXPECT_EQ(book.faults_of("db").at(0), of_file);
}

TEST_F(FaultBookTest, OneOfTheFileThatWasRemovedComesBackWithTheNextReloadForTheRestOfItsTime) {
  take(config({fault("slow", 10s)}));
  now += 2s;
  EXPECT_THAT(remove("db", "slow"), ElementsAre("-db.slow"));
  EXPECT_THAT(names("db"), IsEmpty());
  now += 2s;
  EXPECT_THAT(take(config({fault("slow", 10s)})), ElementsAre("+db.slow for 6000"));
}

TEST_F(FaultBookTest, OneThatIsSetStaysOverReloadsWhileItsListenerDoes) {
  take(config());
  set("db", fault("slow", 10s));
  const auto before = book.faults_of("db");
  now += 1s;
  EXPECT_THAT(take(config({fault("cut")})), ElementsAre("+db.cut"));
  EXPECT_THAT(names("db"), ElementsAre("cut", "slow"));
  EXPECT_EQ(book.faults_of("db").at(1), before.at(0));
  EXPECT_EQ(book.next_expiry(), now + 9s);
  ServerConfig without = config();
  without.listeners.erase(without.listeners.begin());
  EXPECT_THAT(take(without), ElementsAre("-db.cut", "-db.slow"));
  EXPECT_THAT(take(config()), IsEmpty());
}

TEST_F(FaultBookTest, BoundsThatAReloadTightensHoldForThoseThatAreSet) {
  take(config({}, bounds(1, 1h)));
  set("db", fault("short", 10s, 1));
  set("db", fault("long", 1h, 1));
  set("db", fault("much", 1h, 50));
  now += 20min;
  EXPECT_THAT(take(config({}, bounds(1, 30min, 5))), ElementsAre("!db.short", "-db.much"));
  EXPECT_EQ(book.next_expiry(), now + 10min);
  EXPECT_THAT(take(config({}, bounds(1, 20min, 5))), ElementsAre("-db.long"));
}

TEST_F(FaultBookTest, ASectionThatGoesTakesAllAway) {
  take(config({fault("slow")}));
  set("web", fault("cut"));
  EXPECT_THAT(take(config({}, std::nullopt)), ElementsAre("-db.slow", "-web.cut"));
  EXPECT_EQ(book.seed(), 0u);
}

TEST_F(FaultBookTest, OneThatIsSetAgainAsItIsBeginsItsTimeAnewAndStaysTheSame) {
  take(config());
  set("db", fault("slow", 10s));
  const auto before = book.faults_of("db");
  now += 9s;
  EXPECT_THAT(set("db", fault("slow", 10s)), ElementsAre("+db.slow for 10000"));
  EXPECT_EQ(book.faults_of("db"), before);
  now += 9s;
  EXPECT_THAT(expire(), IsEmpty());
}

TEST_F(FaultBookTest, ClearsOneListenerOrAll) {
  take(config({fault("slow"), fault("cut")}));
  set("web", fault("late"));
  std::vector<FaultBook::News> news;
  EXPECT_TRUE(book.clear("db", news));
  EXPECT_THAT(told(news), ElementsAre("-db.slow", "-db.cut"));
  EXPECT_THAT(names("web"), ElementsAre("late"));
  news.clear();
  EXPECT_TRUE(book.clear(std::nullopt, news));
  EXPECT_THAT(told(news), ElementsAre("-web.late"));
}

TEST_F(FaultBookTest, SeedIsTheConfigurationsOrDrawnOnce) {
  take(config());
  EXPECT_EQ(book.seed(), 7u);
  EXPECT_TRUE(book.snapshot(now)->seed_was_drawn);
  take(config({fault("slow")}));
  EXPECT_EQ(book.seed(), 7u);
  take(config({}, bounds(42)));
  EXPECT_EQ(book.seed(), 42u);
  EXPECT_FALSE(book.snapshot(now)->seed_was_drawn);
  take(config());
  EXPECT_EQ(book.seed(), 8u);
  take(config({}, std::nullopt));
  take(config());
  EXPECT_EQ(book.seed(), 9u);
}

TEST_F(FaultBookTest, ShowsEveryListenerAndWhatIsLeft) {
  take(config({fault("slow", 10s)}, bounds(42, 1h, 50)));
  set("web", fault("cut", 0ms, 50));
  now += 2500us;
  const FaultsSnapshot shown = book.snapshot(now).value();
  EXPECT_EQ(shown.seed, 42u);
  EXPECT_EQ(shown.max_for, 1h);
  EXPECT_EQ(shown.max_percent, 50);
  EXPECT_EQ(shown.count(), 2u);
  ASSERT_EQ(shown.listeners.size(), 2u);
  EXPECT_EQ(shown.listeners[0].listener, "db");
  const FaultSnapshot& slow = shown.listeners[0].faults.at(0);
  EXPECT_EQ(slow.fault->name, "slow");
  EXPECT_EQ(slow.left, 9998ms);
  EXPECT_TRUE(slow.from_file);
  EXPECT_EQ(slow.who, "the configuration");
  const FaultSnapshot& cut = shown.listeners[1].faults.at(0);
  EXPECT_FALSE(cut.from_file);
  EXPECT_EQ(cut.who, kWho);
  EXPECT_EQ(cut.fault->duration, 1h);
}

}  // namespace
}  // namespace weir
