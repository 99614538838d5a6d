#include "server/upgrade/channel.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <vector>

namespace weir::upgrade {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Ends {
  std::pair<Channel, Channel> pair = Channel::make();
  Channel& one = pair.first;
  Channel& other = pair.second;
  boost::json::object message{};
  std::vector<io::Descriptor> descriptors{};
};

ino_t inode(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

TEST(Channel, PassesMessagesOneByOneAndNeverBlocks) {
  Ends ends;
  EXPECT_FALSE(ends.other.receive(ends.message, ends.descriptors));
  ASSERT_TRUE(ends.one.send(make_step("go")));
  ASSERT_TRUE(ends.one.send(make_step("passed")));
  ASSERT_TRUE(ends.other.receive(ends.message, ends.descriptors));
  EXPECT_EQ(step_of(ends.message), "go");
  ASSERT_TRUE(ends.other.receive(ends.message, ends.descriptors));
  EXPECT_EQ(step_of(ends.message), "passed");
  EXPECT_FALSE(ends.other.receive(ends.message, ends.descriptors));
}

TEST(Channel, TakesNoMoreThanTheOtherEndReads) {
  Ends ends;
  const boost::json::object long_one{{"text", std::string(10'000, 'x')}};
  std::size_t sent = 0;
  while (ends.one.send(long_one)) ++sent;
  ASSERT_GT(sent, 0u);
  for (std::size_t i = 0; i < sent; ++i) ASSERT_TRUE(ends.other.receive(ends.message, ends.descriptors));
  EXPECT_TRUE(ends.one.send(long_one));
}

TEST(Channel, PassesDescriptorsThatNoProgramInherits) {
  Ends ends;
  std::vector<io::Descriptor> open;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < Channel::kMostDescriptors; ++i) {
    open.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
    numbers.push_back(open.back().get());
  }
  ASSERT_TRUE(ends.one.send(make_step("sockets"), numbers));
  ASSERT_TRUE(ends.other.receive(ends.message, ends.descriptors));
  ASSERT_EQ(ends.descriptors.size(), Channel::kMostDescriptors);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(inode(ends.descriptors[i].get()), inode(numbers[i])) << i;
    EXPECT_NE(::fcntl(ends.descriptors[i].get(), F_GETFD) & FD_CLOEXEC, 0) << i;
  }
}

TEST(Channel, SaysThatTheOtherEndIsGone) {
  Ends ends;
  ends.other.close();
  const auto closed = ThrowsMessage<Channel::Broken>(HasSubstr("closed the connection"));
  EXPECT_THAT([&] { ends.one.receive(ends.message, ends.descriptors); }, closed);
  EXPECT_THAT([&] { ends.one.send(make_step("go")); }, closed);
}

TEST(Channel, KeepsTheLastWordOfOneThatHasNotReadEverything) {
  Ends ends;
  ASSERT_TRUE(ends.one.send(make_step("sockets")));
  ASSERT_TRUE(ends.other.send(make_step("failed")));
  ends.other.close();
  ASSERT_TRUE(ends.one.receive(ends.message, ends.descriptors));
  EXPECT_EQ(step_of(ends.message), "failed");
  EXPECT_THROW(ends.one.receive(ends.message, ends.descriptors), Channel::Broken);
}

TEST(Channel, UnderstandsObjectsAlone) {
  for (const char* text : {"go", "[]", "\"go\"", "{", "{\"step\":\"go\"}x"}) {
    Ends ends;
    ASSERT_GT(::send(ends.one.descriptor(), text, std::string(text).size(), 0), 0);
    EXPECT_THAT([&] { ends.other.receive(ends.message, ends.descriptors); },
                ThrowsMessage<Channel::Broken>(HasSubstr("cannot be understood")))
        << text;
  }
}

TEST(Channel, AMessageWithoutAStepIsAboutNothing) {
  EXPECT_EQ(step_of({}), "");
  EXPECT_EQ(step_of({{"step", 1}}), "");
  EXPECT_EQ(step_of({{"step", "newer"}, {"more", 1}}), "newer");
}

}  // namespace
}  // namespace weir::upgrade
