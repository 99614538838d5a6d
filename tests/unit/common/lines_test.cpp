#include "common/lines.hpp"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Lines, AreWhatStandsBetweenTheirEnds) {
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("one"), ElementsAre("one"));
  EXPECT_THAT(lines_of("one\n\ntwo\n"), ElementsAre("one", "", "two"));
}

}  // namespace
}  // namespace weir
