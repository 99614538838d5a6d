#include "manuals/frame.hpp"

#include <gmock/gmock.h>

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

}  // namespace
}  // namespace weir::manuals
