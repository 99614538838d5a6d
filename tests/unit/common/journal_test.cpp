#include "common/journal.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace weir {
namespace {

/// stderr is a file, of which the test may say that it is the journal.
class Journal : public testing::Test {
 protected:
  Journal() { testing::internal::CaptureStderr(); }
  ~Journal() override {
    testing::internal::GetCapturedStderr();
    ::unsetenv("JOURNAL_STREAM");
  }

  static void say_so(const std::string& more = "") {
    struct stat status{};
    ::fstat(STDERR_FILENO, &status);
    const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + more;
    ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  }
};

TEST_F(Journal, IsWhatTheEnvironmentNamesIfThatIsStillStderr) {
  EXPECT_FALSE(stderr_is_journal());
  say_so();
  EXPECT_TRUE(stderr_is_journal());
  say_so("0");
  EXPECT_FALSE(stderr_is_journal());
}

TEST_F(Journal, EachLineHasItsPriority) {
  EXPECT_EQ(for_stderr("one\ntwo\n", Priority::error), "one\ntwo\n");
  say_so();
  EXPECT_EQ(for_stderr("one\n\ntwo", Priority::error), "<3>one\n<3>\n<3>two");
  EXPECT_EQ(for_stderr("", Priority::critical), "");
}

}  // namespace
}  // namespace weir
