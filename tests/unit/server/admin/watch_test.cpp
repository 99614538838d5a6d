#include "server/admin/watch.hpp"

#include <gmock/gmock.h>

namespace weir::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(WatchView, SaysSinceWhenNobodyAnswersAboveTheLastAnswer) {
  WatchView view;
  const WatchView::Time start{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(view.answered("fine\n"), "fine\n");
  const std::string first = view.away("refused", start, {});
  EXPECT_THAT(first, MatchesRegex("refused\nNo answer since [0-9:]{8}\\.\n\nThe last answer:\n\nfine\n"));
  const std::string later = view.away("refused", start + std::chrono::seconds(90), {});
  EXPECT_THAT(later, HasSubstr(first.substr(0, first.find(".\n")) + ", for 1m.\n"));
  EXPECT_EQ(view.answered("again\n"), "again\n");
  EXPECT_THAT(view.away("refused", start + std::chrono::seconds(100), {}), Not(HasSubstr(", for")));
}

TEST(WatchView, WaitsForTheFirstAnswer) {
  EXPECT_THAT(WatchView().away("refused", {}, {}), MatchesRegex("refused\nNo answer since [0-9:]{8}\\.\n"));
}

TEST(WatchScreen, DrawsOverWhatWasThereAndNeverScrolls) {
  EXPECT_EQ(screen_of("a\nb\n", 24), "\033[Ha\033[K\nb\033[K\033[J");
  EXPECT_EQ(screen_of("a\n\nb\nc\n", 3), "\033[Ha\033[K\n\033[K\nb\033[K\033[J");
  EXPECT_EQ(screen_of("", 3), "\033[H\033[J");
}

}  // namespace
}  // namespace weir::admin
