#include "manuals/frame.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <stdexcept>

namespace weir::manuals {
namespace {

TEST(Frame, PartsStandInLinesAndOnTheirOwn) {
  EXPECT_EQ(fill_frame("a \"@V@\"\n@X@\nb\n", {{"V", "1"}, {"X", "one\ntwo\n"}}), "a \"1\"\none\ntwo\nb\n");
}

TEST(Frame, APartThatIsMissingOrLeftOverIsAnError) {
  EXPECT_THROW(fill_frame("@X@\n", {}), std::invalid_argument);
  EXPECT_THROW(fill_frame("a@b", {{"b", ""}}), std::invalid_argument);
  EXPECT_THROW(fill_frame("", {{"X", ""}}), std::invalid_argument);
}

TEST(Frame, TheDateIsThatOfTheSources) {
  ::setenv("SOURCE_DATE_EPOCH", "951782400", 1);
  EXPECT_EQ(common_parts()["DATE"], "2000-02-29");
  ::setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
  EXPECT_THROW(common_parts(), std::invalid_argument);
  ::unsetenv("SOURCE_DATE_EPOCH");
  EXPECT_EQ(common_parts()["DATE"], "");
}

}  // namespace
}  // namespace weir::manuals
