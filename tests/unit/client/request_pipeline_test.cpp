#include "client/exchange.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/support/fake_backend.hpp"

namespace weir::load {
namespace {

using test::FakeBackend;
using test::Leave;
using test::Peer;

constexpr std::size_t kLength = 100;

/// Plays one exchange with a peer that runs a script.
class ExchangeTest : public testing::Test {
 protected:
  /// What one message of `length` bytes comes to; `bound` ends the wait for its reply.
  Failure play(FakeBackend::Script script, std::string length = std::to_string(kLength),
               std::chrono::milliseconds bound = test::kHang) {
    FakeBackend backend(std::move(script));
    MessageShape shape;
    shape.lengths = LengthSpec::parse(length);
    shape.run = 77;
    exchange_.message().make(shape, 0, 4, 7, 123);
    io::EventLoop loop;
    loop.spawn(run(loop, backend.endpoint(), bound), [&loop](const std::exception_ptr& failure) {
      loop.stop();
      if (failure) std::rethrow_exception(failure);
    });
    loop.run();
    return exchange_.failure();
  }

  Exchange exchange_;
  Exchange::Status status_{};

 private:
  net::awaitable<void> run(io::EventLoop& loop, const Endpoint& target, std::chrono::milliseconds bound) {
    const io::SlotPtr slot = loop.acquire(1);
    io::ConnectStart start = io::start_connect(target);
    io::Stream stream(*slot, io::Side::first, std::move(start.socket));
    while (!stream.writable()) co_await slot->wait();
    slot->set_deadline(io::Clock::now() + bound);
    exchange_.begin();
    for (;;) {
      status_ = exchange_.advance(stream, loop.scratch());
      if (status_ == Exchange::Status::done || status_ == Exchange::Status::failed) co_return;
      if (status_ == Exchange::Status::working) {
        co_await slot->yield();
      } else {
        co_await slot->wait();
      }
      if (slot->timer_fired()) {
        exchange_.give_up(Failure::reply_timeout);
        co_return;
      }
    }
  }
};

/// Answers one message with what `answer` makes of it, and then waits for the end.
FakeBackend::Script answers(std::function<std::string(std::string)> answer) {
  return [answer](Peer& client) {
    client.send_all(answer(client.receive_exactly(kLength)));
    client.receive_until_end();
    return Leave::close;
  };
}

TEST_F(ExchangeTest, IsDoneWithTheLastByteOfTheRightReply) {
  EXPECT_EQ(play(test::echoes()), Failure::none);
  EXPECT_EQ(status_, Exchange::Status::done);
  EXPECT_EQ(exchange_.received(), kLength);
  EXPECT_EQ(play(test::echoes(), "1"), Failure::none);
  EXPECT_EQ(play(test::echoes(), "20m"), Failure::none) << "larger than every buffer on the way";
}

TEST_F(ExchangeTest, BytesBehindTheReplyAreNotForgiven) {
  EXPECT_EQ(play(answers([](const std::string& message) { return message + message.substr(0, 5); })),
            Failure::duplicated);
  EXPECT_EQ(play(answers([](const std::string& message) { return message + "!"; })), Failure::corrupt);
}

TEST_F(ExchangeTest, ReplyThatIsWrongIsSaidAsSoonAsItIs) {
  EXPECT_EQ(play(answers([](std::string message) { return message.erase(50, 1) + "x"; })), Failure::lost);
  EXPECT_NE(exchange_.detail().find("at byte 50"), std::string::npos) << exchange_.detail();
  EXPECT_EQ(play(answers([](const std::string& message) { return message.substr(0, 99) + "\x80"; })), Failure::corrupt);
}

TEST_F(ExchangeTest, EndWithinTheReplyIsEarly) {
  EXPECT_EQ(play([](Peer& client) {
              client.send_all(client.receive_exactly(kLength).substr(0, 60));
              return Leave::close;
            }),
            Failure::closed_early);
  EXPECT_EQ(exchange_.received(), 60u);
}

TEST_F(ExchangeTest, ResetIsOne) { EXPECT_EQ(play(test::resets_after(kLength)), Failure::reset); }

TEST_F(ExchangeTest, SilenceIsATimeout) {
  EXPECT_EQ(play(test::never_answers(), "100", std::chrono::milliseconds(50)), Failure::reply_timeout);
}

/// The header that came says whose reply it is, and what it says is not known before it is whole.
TEST_F(ExchangeTest, WrongBytesOfAHeaderThatNeverBecomesWholeAreStillWrong) {
  const auto half_a_header = [](std::string message) {
    message[3] = '~';
    return message.substr(0, 10);
  };
  EXPECT_EQ(play(answers(half_a_header), "100", std::chrono::milliseconds(50)), Failure::corrupt);
  EXPECT_EQ(play([half_a_header](Peer& client) {
              client.send_all(half_a_header(client.receive_exactly(kLength)));
              return Leave::close;
            }),
            Failure::corrupt);
}

TEST_F(ExchangeTest, HeaderThatComesInPiecesNamesItsOwner) {
  const auto foreign = [](Peer& client) {
    std::string message = client.receive_exactly(kLength);
    message[9] = static_cast<char>(message[9] + 1);  // the last digit of the connection
    client.send_all(message.substr(0, 12));
    client.send_all(message.substr(12));
    client.receive_until_end();
    return Leave::close;
  };
  EXPECT_EQ(play(foreign), Failure::foreign);
  EXPECT_NE(exchange_.detail().find("on connection 5 came where"), std::string::npos) << exchange_.detail();
}

}  // namespace
}  // namespace weir::load
