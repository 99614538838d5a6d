#include "client/message_line.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <thread>

#include "tests/support/wait_until.hpp"

namespace weir::load {
namespace {

namespace json = boost::json;

/// A line and the bare socket at its other end.
class MessageLineTest : public testing::Test {
 protected:
  MessageLineTest() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw std::runtime_error("socketpair");
    line_.emplace(io::Descriptor(pair[0]));
    other_ = io::Descriptor(pair[1]);
  }
  void put(std::string_view text) {
    ASSERT_EQ(::write(other_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string next() {
    const std::optional<json::object> message = line_->next();
    return message ? std::string(json::serialize(*message)) : "none";
  }

  std::optional<MessageLine> line_;
  io::Descriptor other_;
};

TEST_F(MessageLineTest, MessagesThatCameTogetherAreTakenOneByOne) {
  put("{\"a\":1}\n{\"b\":[2,3]}\n{\"c\":");
  EXPECT_TRUE(line_->receive());
  EXPECT_EQ(next(), "{\"a\":1}");
  EXPECT_EQ(next(), "{\"b\":[2,3]}");
  EXPECT_EQ(next(), "none");
  put("4}\n");
  EXPECT_TRUE(line_->receive());
  EXPECT_EQ(next(), "{\"c\":4}");
  EXPECT_EQ(next(), "none");
}

TEST_F(MessageLineTest, MessageMayComeInPieces) {
  for (const char piece : std::string_view("{\"text\":\"a\\nb\"}")) {
    put({&piece, 1});
    EXPECT_TRUE(line_->receive());
    EXPECT_EQ(next(), "none");
  }
  put("\n");
  EXPECT_TRUE(line_->receive());
  EXPECT_EQ(next(), "{\"text\":\"a\\nb\"}");
}

TEST_F(MessageLineTest, NothingToReceiveIsNoEnd) {
  EXPECT_TRUE(line_->receive());
  EXPECT_EQ(next(), "none");
}

TEST_F(MessageLineTest, WhatCameBeforeTheEndCanStillBeTaken) {
  put("{\"last\":true}\n{\"half");
  other_.close();
  EXPECT_FALSE(line_->receive());
  EXPECT_EQ(next(), "{\"last\":true}");
  EXPECT_EQ(next(), "none");
  EXPECT_FALSE(line_->send({{"x", 1}})) << "and no SIGPIPE";
}

TEST_F(MessageLineTest, WhatIsNoMessageIsAnErrorOnce) {
  for (const char* text : {"nonsense\n", "[1,2]\n", "\n", "{\"a\":}\n", "12\n"}) {
    put(text);
    EXPECT_TRUE(line_->receive());
    EXPECT_THROW(line_->next(), std::runtime_error) << text;
    EXPECT_EQ(next(), "none");
  }
  put("{}\n");
  EXPECT_TRUE(line_->receive());
  EXPECT_EQ(next(), "{}");
}

TEST_F(MessageLineTest, SendsAllOfAMessageThatNoBufferHolds) {
  json::array numbers;
  for (int i = 0; i < 400'000; ++i) numbers.push_back(i);
  const json::object large{{"numbers", std::move(numbers)}};
  MessageLine there(std::move(other_));
  std::optional<json::object> received;
  std::thread reader([&] {
    const auto whole = [&] {
      there.receive();
      received = there.next();
      return received.has_value();
    };
    test::wait_until(whole);
  });
  EXPECT_TRUE(line_->send(large));
  reader.join();
  ASSERT_TRUE(received);
  EXPECT_EQ(*received, large);
}

}  // namespace
}  // namespace weir::load
