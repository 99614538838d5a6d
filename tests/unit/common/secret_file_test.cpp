#include "common/secret_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <stdexcept>

#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

using ::testing::HasSubstr;

class SecretFile : public testing::Test {
 protected:
  std::string file(std::string_view text, mode_t mode = 0600) const {
    std::string path = folder_.write("secret", text);
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string problem(const std::string& path) {
    try {
      return "none: " + read_secret_file(path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  const test::TempDir& folder() const { return folder_; }

 private:
  test::TempDir folder_;
};

TEST_F(SecretFile, HoldsOneLineWhoseNewlineIsNoPartOfIt) {
  EXPECT_EQ(read_secret_file(file("s e cret")), "s e cret");
  EXPECT_EQ(read_secret_file(file("secret\n")), "secret");
  EXPECT_EQ(read_secret_file(file("secret\r\n", 0400)), "secret");
  EXPECT_EQ(read_secret_file(file(std::string(4096, 'x'))).size(), 4096u);
}

TEST_F(SecretFile, IsForItsOwnerAlone) {
  for (const mode_t mode : {0640u, 0604u, 0620u, 0610u}) {
    EXPECT_THAT(problem(file("secret", mode)), HasSubstr("is open to its group or to others; run: chmod 600 /"));
  }
}

TEST_F(SecretFile, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(problem(file("\n")), HasSubstr("is empty; write a token"));
  EXPECT_THAT(problem(file("one\ntwo\n")), HasSubstr("more than one line"));
  EXPECT_THAT(problem(file(std::string(4097, 'x'))), HasSubstr("is larger than 4 KiB"));
  EXPECT_THAT(problem(folder().file("missing")), HasSubstr("cannot be read: No such file"));
  EXPECT_THAT(problem(folder().path().string()), HasSubstr("is not a regular file"));
}

TEST_F(SecretFile, AFifoIsNotWaitedFor) {
  const std::string fifo = folder().file("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(problem(fifo), HasSubstr("is not a regular file"));
}

}  // namespace
}  // namespace weir
