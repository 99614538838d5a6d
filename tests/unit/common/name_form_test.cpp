#include "common/name_form.hpp"

#include <gmock/gmock.h>

namespace weir {
namespace {

TEST(NameForm, TakesLettersDigitsAndThreeSigns) {
  for (const char* name : {"a", "db-main", "_x", "7a", "A.b_c-9", "x."}) EXPECT_EQ(problem_of_name(name), "") << name;
  EXPECT_EQ(problem_of_name(std::string(64, 'x')), "");
}

TEST(NameForm, RefusesWhatPathsAndMetricsCannotHold) {
  for (const char* name : {"", "7", "007", "-a", ".a", "a b", "a/b", "ü", "a\n", "a:b"}) {
    EXPECT_THAT(problem_of_name(name), ::testing::HasSubstr("is not a name; use up to 64 letters")) << name;
  }
  EXPECT_NE(problem_of_name(std::string(65, 'x')), "");
}

}  // namespace
}  // namespace weir
