#include "client/request_pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/fake_backend.hpp"
#include "tests/unit/client/message/made_messages.hpp"

namespace weir::load {
namespace {

using io::Clock;
using test::FakeBackend;
using test::Leave;
using test::Peer;
using testing::HasSubstr;

using Replies = std::vector<std::string>;

/// Plays requests of connection 4 with a peer that runs a script: all are pushed at once.
class RequestPipelineTest : public testing::Test {
 protected:
  void make(MessageShape shape) {
    shape_ = std::move(shape);
    pipeline_.emplace(shape_, 0, 4, Clock::now());
  }
  RequestPipeline& pipeline() { return *pipeline_; }

  /// What `count` requests come to; `bound` ends the wait for their replies.
  Failure play(FakeBackend::Script script, std::size_t count, std::chrono::milliseconds bound = test::kHang) {
    FakeBackend backend(std::move(script));
    io::EventLoop loop;
    lengths_.clear();
    dues_.clear();
    inquired_ = false;
    loop.spawn(run(loop, backend.endpoint(), count, bound), [&loop](const std::exception_ptr& failure) {
      loop.stop();
      if (failure) std::rethrow_exception(failure);
    });
    loop.run();
    return pipeline_->failure();
  }

  const WrongReply& wrong() const { return pipeline_->wrong(); }
  bool inquired() const { return inquired_; }
  const std::vector<std::uint64_t>& lengths() const { return lengths_; }
  const std::vector<Clock::time_point>& dues() const { return dues_; }
  /// Request `i` of the last play() is due so much after the first one.
  static Clock::duration due_after(std::size_t i) { return std::chrono::microseconds(i); }

 private:
  net::awaitable<void> run(io::EventLoop& loop, const Endpoint& target, std::size_t count,
                           std::chrono::milliseconds bound) {
    const io::SlotPtr slot = loop.acquire(1);
    io::ConnectStart start = io::start_connect(target);
    io::Stream stream(*slot, io::Side::first, std::move(start.socket));
    while (!stream.writable()) co_await slot->wait();
    slot->set_deadline(Clock::now() + bound);
    const Clock::time_point now = Clock::now();
    for (std::size_t i = 0; i < count; ++i) pipeline_->push(now + due_after(i), now);
    const auto note = [this](const RequestPipeline::Request& request, std::uint64_t length) {
      dues_.push_back(request.due);
      lengths_.push_back(length);
    };
    for (;;) {
      const RequestPipeline::Status status = pipeline_->advance(stream, loop.scratch(), note);
      if (status == RequestPipeline::Status::failed || pipeline_->in_flight() == 0) co_return;
      if (pipeline_->inquiring() && !inquired_) {
        inquired_ = true;
        slot->set_deadline(Clock::now() + RequestPipeline::kInquiry);
      }
      co_await slot->wait(status == RequestPipeline::Status::working);
      if (!slot->timer_fired()) continue;
      pipeline_->give_up(Failure::reply_timeout);
      co_return;
    }
  }

  MessageShape shape_;
  std::optional<RequestPipeline> pipeline_;
  bool inquired_ = false;
  std::vector<std::uint64_t> lengths_;
  std::vector<Clock::time_point> dues_;
};

/// Takes whole requests and answers them with what `answer` makes of all of them together. Then it leaves, unless it
/// `stays` until the client goes.
FakeBackend::Script answers(std::vector<std::size_t> lengths, std::function<std::string(Replies)> answer,
                            bool stays = false) {
  return [=](Peer& client) {
    Replies replies;
    for (const std::size_t length : lengths) replies.push_back(client.receive_exactly(length));
    client.send_all(answer(std::move(replies)));
    if (stays) client.receive_until_end();
    return Leave::close;
  };
}

std::string joined(const Replies& replies) {
  std::string all;
  for (const std::string& reply : replies) all += reply;
  return all;
}

constexpr std::size_t kLength = 100;

std::vector<std::size_t> hundreds(std::size_t count) { return std::vector<std::size_t>(count, kLength); }

TEST_F(RequestPipelineTest, EveryRightReplyIsReportedInOrder) {
  for (const char* length : {"1", "31", "32", "33", "100", "5000", "9000", "70000", "1-300"}) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{8}, std::size_t{300}}) {
      make(shape_of(length));
      EXPECT_EQ(play(test::echoes(), count), Failure::none) << length << " x " << count;
      ASSERT_EQ(lengths().size(), count) << length;
      for (std::size_t i = 1; i < count; ++i) ASSERT_EQ(dues()[i] - dues()[0], due_after(i));
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(lengths()[i], made(shape_of(length), 4, i).length());
      EXPECT_EQ(pipeline().last_length(), lengths().back());
      EXPECT_TRUE(pipeline().all_sent());
    }
  }
}

TEST_F(RequestPipelineTest, TextsAreFilledInAndRecognized) {
  make(shape_of_text("{connection} says {n}\n"));
  EXPECT_EQ(play(test::echoes(), 200), Failure::none);
  EXPECT_EQ(lengths().front(), 9u);
  EXPECT_EQ(lengths().back(), 11u);
}

TEST_F(RequestPipelineTest, MessagesLargerThanEveryBufferDoNotLockUp) {
  make(shape_of("20m"));
  EXPECT_EQ(play(test::echoes(), 1), Failure::none);
  make(shape_of("6m"));
  EXPECT_EQ(play(test::echoes(), 8), Failure::none);
  EXPECT_EQ(lengths().size(), 8u);
}

TEST_F(RequestPipelineTest, RepliesMayComeAByteAtATime) {
  const auto dribbles = [](Peer& client) {
    const int on = 1;
    ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::string all = client.receive_exactly(8 * kLength);
    for (const char byte : all) client.send_all({&byte, 1});
    client.receive_until_end();
    return Leave::close;
  };
  make(shape_of("100"));
  EXPECT_EQ(play(dribbles, 8), Failure::none);
  EXPECT_EQ(lengths().size(), 8u);
}

TEST_F(RequestPipelineTest, RequestsGoOnAfterTheirRepliesCame) {
  make(shape_of("100"));
  for (std::size_t round = 0; round < 3; ++round) {
    EXPECT_EQ(play(test::echoes(), 8), Failure::none);
    EXPECT_EQ(pipeline().in_flight(), 0u);
  }
}

/// One wrong thing done to the replies, from reply `at` on, and what it is to be called.
struct Case {
  const char* name;
  std::function<std::string(Replies, std::size_t at)> answer;
  Failure kind;
  std::string text;      ///< a part of the sentence; `#` is the number of the request, `$` the one after it
  std::uint64_t offset;  ///< of the first wrong byte; kAny where it depends on the bytes
};

constexpr std::uint64_t kAny = ~std::uint64_t{0};

std::ostream& operator<<(std::ostream& out, const Case& item) { return out << item.name; }

std::string numbered(std::string text, std::size_t at) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') text.replace(i, 1, std::to_string(at));
    if (text[i] == '$') text.replace(i, 1, std::to_string(at + 1));
  }
  return text;
}

std::function<std::string(Replies, std::size_t)> flips(std::size_t place, char by) {
  return [=](Replies replies, std::size_t at) {
    replies[at][place] = static_cast<char>(replies[at][place] ^ by);
    return joined(replies);
  };
}

std::function<std::string(Replies, std::size_t)> loses(std::size_t from, std::size_t count) {
  return [=](Replies replies, std::size_t at) {
    replies[at].erase(from, count);
    return joined(replies);
  };
}

std::function<std::string(Replies, std::size_t)> doubles(std::size_t from, std::size_t count) {
  return [=](Replies replies, std::size_t at) {
    replies[at].insert(from + count, replies[at].substr(from, count));
    return joined(replies);
  };
}

std::string of_connection_five(Replies replies, std::size_t at) {
  replies[at] = request_of(made(shape_of("100"), 5, at));
  return joined(replies);
}

std::string of_another_run(Replies replies, std::size_t at) {
  MessageShape other = shape_of("100");
  other.run = 78;
  replies[at] = request_of(made(other, 4, at));
  return joined(replies);
}

/// What one reply can suffer whether or not others follow it.
std::vector<Case> cases_of_one() {
  return {
      {"first byte flipped", flips(0, '\x01'), Failure::corrupt, "request # on connection 4 is corrupt from byte 0 on",
       0},
      {"header byte no digit", flips(9, '\x80'), Failure::corrupt, "corrupt from byte 9 on", 9},
      {"another digit in the run", flips(5, '\x01'), Failure::corrupt, "corrupt from byte 5 on", 5},
      {"another digit in the number", flips(17, '\x10'), Failure::corrupt, "corrupt from byte 17 on", 17},
      {"payload byte flipped", flips(50, '\x01'), Failure::corrupt, "corrupt from byte 50 on", 50},
      {"last byte flipped", flips(99, '\x01'), Failure::corrupt, "corrupt from byte 99 on", 99},
      {"bytes lost", loses(50, 10), Failure::lost, "10 bytes lost at byte 50 of the reply to request #", 50},
      {"byte lost", loses(40, 1), Failure::lost, "1 byte lost at byte 40", 40},
      {"bytes lost near the end", loses(60, 30), Failure::lost, "30 bytes lost at byte 60", 60},
      {"bytes doubled", doubles(40, 10), Failure::duplicated, "10 bytes came twice at byte 50", 50},
      {"bytes doubled near the end", doubles(80, 15), Failure::duplicated, "15 bytes came twice at byte 95", 95},
      {"another connection's", of_connection_five, Failure::foreign,
       "the reply to request # on connection 5 came where the one to request # on connection 4 was due", kAny},
      {"another run's", of_another_run, Failure::foreign, "a reply to another run's request # on connection 4", kAny},
  };
}

/// What takes several replies.
std::vector<Case> cases_of_several() {
  return {
      {"reply lost",
       [](Replies replies, std::size_t at) {
         replies.erase(replies.begin() + static_cast<std::ptrdiff_t>(at));
         return joined(replies);
       },
       Failure::lost,
       "the reply to request # on connection 4 is lost: the one to request $ on connection 4 came instead", kAny},
      {"two swapped",
       [](Replies replies, std::size_t at) {
         std::swap(replies[at], replies[at + 1]);
         return joined(replies);
       },
       Failure::out_of_order, "the reply to request $ on connection 4 came before the one to request # on connection 4",
       kAny},
      {"one doubled",
       [](Replies replies, std::size_t at) {
         replies[at] = replies[at - 1];
         return joined(replies);
       },
       Failure::duplicated, "a second reply to request", kAny},
      {"cut short in the payload by the next",
       [](Replies replies, std::size_t at) {
         replies[at].resize(60);
         return joined(replies);
       },
       Failure::cut_short, "request # on connection 4 ended after 60 of 100 bytes, and the one to request $", 60},
      {"cut short in the header by the next",
       [](Replies replies, std::size_t at) {
         replies[at].resize(14);
         return joined(replies);
       },
       Failure::cut_short, "request # on connection 4 ended after 14 of 100 bytes, and the one to request $", 14},
      {"begun again",
       [](Replies replies, std::size_t at) {
         replies[at] = replies[at].substr(0, 60) + replies[at];
         return joined(replies);
       },
       Failure::duplicated, "the reply to request # on connection 4 began again at its byte 60", 60},
  };
}

class WrongRepliesTest : public RequestPipelineTest, public testing::WithParamInterface<Case> {
 protected:
  /// Reply `at` of `count` goes wrong, and a FIN follows.
  void expect_named(std::size_t count, std::size_t at) {
    const Case& item = GetParam();
    make(shape_of("100"));
    const auto answer = [&item, at](Replies replies) { return item.answer(std::move(replies), at); };
    EXPECT_EQ(play(answers(hundreds(count), answer), count), item.kind) << wrong().text;
    EXPECT_EQ(lengths().size(), at) << "those before it were right";
    EXPECT_EQ(wrong().kind, item.kind);
    EXPECT_EQ(wrong().connection, 4u);
    EXPECT_EQ(wrong().sequence, at);
    EXPECT_THAT(wrong().text, HasSubstr(numbered(item.text, at)));
    if (item.offset != kAny) {
      EXPECT_EQ(wrong().offset, item.offset);
    }
  }
};

class WrongRepliesOfOneTest : public WrongRepliesTest {};
TEST_P(WrongRepliesOfOneTest, AreNamed) { expect_named(1, 0); }
INSTANTIATE_TEST_SUITE_P(Kinds, WrongRepliesOfOneTest, testing::ValuesIn(cases_of_one()));

class WrongRepliesOfEightTest : public WrongRepliesTest {};
TEST_P(WrongRepliesOfEightTest, AreNamed) { expect_named(8, 3); }
INSTANTIATE_TEST_SUITE_P(KindsOfOne, WrongRepliesOfEightTest, testing::ValuesIn(cases_of_one()));
INSTANTIATE_TEST_SUITE_P(KindsOfSeveral, WrongRepliesOfEightTest, testing::ValuesIn(cases_of_several()));

TEST_F(RequestPipelineTest, BytesBehindTheLastReplyAreNotForgiven) {
  make(shape_of("100"));
  const auto twice = [](const Replies& replies) { return joined(replies) + replies.back(); };
  EXPECT_EQ(play(answers(hundreds(1), twice), 1), Failure::duplicated);
  EXPECT_EQ(wrong().text, "bytes came twice after the reply to request 0 on connection 4");
  make(shape_of("100"));
  EXPECT_EQ(play(answers(hundreds(8), twice), 8), Failure::duplicated);
  EXPECT_EQ(lengths().size(), 8u);
  make(shape_of("100"));
  EXPECT_EQ(play(answers(hundreds(1), [](const Replies& replies) { return joined(replies) + "!"; }), 1),
            Failure::corrupt);
  EXPECT_EQ(wrong().received, "!");
}

TEST_F(RequestPipelineTest, EndWithinAReplyCutsItShort) {
  const auto sixty_of_the_last = [](Replies replies) {
    replies.back().resize(60);
    return joined(replies);
  };
  for (const std::size_t count : {std::size_t{1}, std::size_t{8}}) {
    make(shape_of("100"));
    EXPECT_EQ(play(answers(hundreds(count), sixty_of_the_last), count), Failure::cut_short);
    EXPECT_EQ(wrong().offset, 60u);
    EXPECT_THAT(wrong().text, HasSubstr("ended after 60 of 100 bytes, with a FIN"));
    EXPECT_EQ(wrong().excerpt_at, 52u);
    EXPECT_EQ(wrong().received, request_of(made(shape_of("100"), 4, count - 1)).substr(52, 8));
    EXPECT_EQ(pipeline().in_flight(), 1u);
  }
}

TEST_F(RequestPipelineTest, EndInsteadOfAReplyIsEarlyAndNoWrongReply) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{8}}) {
    make(shape_of("100"));
    const auto all_but_the_last = [](Replies replies) {
      replies.pop_back();
      return joined(replies);
    };
    EXPECT_EQ(play(answers(hundreds(count), all_but_the_last), count), Failure::closed_early);
    EXPECT_EQ(lengths().size(), count - 1);
  }
}

TEST_F(RequestPipelineTest, ResetIsOne) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{8}}) {
    make(shape_of("100"));
    EXPECT_EQ(play(test::resets_after(count * kLength), count), Failure::reset);
    EXPECT_EQ(pipeline().in_flight(), count);
  }
}

TEST_F(RequestPipelineTest, SilenceIsATimeout) {
  make(shape_of("100"));
  EXPECT_EQ(play(test::never_answers(), 8, std::chrono::milliseconds(50)), Failure::reply_timeout);
  EXPECT_EQ(pipeline().outstanding().size(), 8u);
  make(shape_of("100"));
  const auto half = [](const Replies& replies) { return replies.front().substr(0, 60); };
  EXPECT_EQ(play(answers(hundreds(1), half, true), 1, std::chrono::milliseconds(50)), Failure::reply_timeout);
  EXPECT_EQ(pipeline().received(), 60u);
}

/// The wrong byte alone does not tell lost from late.
TEST_F(RequestPipelineTest, WrongByteIsInquiredIntoBeforeItIsNamed) {
  make(shape_of("100"));
  const auto second_one = [](const Replies& replies) { return replies[1]; };
  EXPECT_EQ(play(answers(hundreds(8), second_one, true), 8), Failure::lost);
  EXPECT_TRUE(inquired());
  EXPECT_EQ(pipeline().in_flight(), 8u);
}

TEST_F(RequestPipelineTest, WholeEvidenceEndsTheInquiryAtOnce) {
  make(shape_of("100"));
  EXPECT_EQ(play(answers(
                     hundreds(1),
                     [](Replies replies) {
                       replies[0][50] = static_cast<char>(replies[0][50] ^ 1);
                       return joined(replies);
                     },
                     true),
                 1),
            Failure::corrupt);
  EXPECT_FALSE(inquired());
}

/// What it says is not known before it is whole.
TEST_F(RequestPipelineTest, WrongBytesOfAHeaderThatNeverBecomesWholeAreStillWrong) {
  const auto half_a_header = [](const Replies& replies) { return replies.front().substr(0, 3) + "~" + "abcdef"; };
  for (const bool stays : {true, false}) {
    make(shape_of("100"));
    EXPECT_EQ(play(answers(hundreds(1), half_a_header, stays), 1), Failure::corrupt) << wrong().text;
    EXPECT_EQ(wrong().offset, 3u);
    EXPECT_EQ(wrong().received, request_of(made(shape_of("100"), 4, 0)).substr(0, 3) + "~abcdef");
  }
}

TEST_F(RequestPipelineTest, ExcerptsShowBothSidesFromEightBytesBeforeThePlace) {
  make(shape_of("100"));
  const auto flipped = [](Replies replies) {
    replies[0][50] = static_cast<char>(replies[0][50] ^ 0x55);
    return joined(replies);
  };
  ASSERT_EQ(play(answers(hundreds(1), flipped), 1), Failure::corrupt);
  const std::string right = request_of(made(shape_of("100"), 4, 0)).substr(42, WrongReply::kExcerpt);
  EXPECT_EQ(wrong().excerpt_at, 42u);
  EXPECT_EQ(wrong().expected, right);
  std::string came = right;
  came[8] = static_cast<char>(came[8] ^ 0x55);
  EXPECT_EQ(wrong().received, came);
}

/// Messages too short for a header, and texts: a whole reply that matches another request names its owner.
TEST_F(RequestPipelineTest, WholeRepliesWithoutAHeaderAreRecognized) {
  const auto without = [](Replies replies) {
    replies.erase(replies.begin() + 3);
    return joined(replies);
  };
  const auto swapped = [](Replies replies) {
    std::swap(replies[3], replies[4]);
    return joined(replies);
  };
  const auto doubled = [](Replies replies) {
    replies[3] = replies[2];
    return joined(replies);
  };
  const std::vector<std::pair<MessageShape, std::size_t>> shapes{{shape_of("20"), 20},
                                                                 {shape_of_text("say {n} hello\n"), 12}};
  for (const auto& [shape, length] : shapes) {
    const std::vector<std::size_t> requests(8, length);
    make(shape);
    EXPECT_EQ(play(answers(requests, without), 8), Failure::lost) << wrong().text;
    EXPECT_THAT(wrong().text, HasSubstr("request 3 on connection 4 is lost: the one to request 4"));
    make(shape);
    EXPECT_EQ(play(answers(requests, swapped), 8), Failure::out_of_order) << wrong().text;
    make(shape);
    EXPECT_EQ(play(answers(requests, doubled), 8), Failure::duplicated) << wrong().text;
    EXPECT_THAT(wrong().text, HasSubstr("a second reply to request 2"));
    for (const std::size_t place : {std::size_t{0}, length / 2, length - 1}) {
      make(shape);
      const auto flipped = [place = place](Replies replies) {
        replies[3][place] = static_cast<char>(replies[3][place] ^ 1);
        return joined(replies);
      };
      EXPECT_EQ(play(answers(requests, flipped), 8), Failure::corrupt) << wrong().text;
      EXPECT_EQ(wrong().offset, place);
    }
    make(shape);
    const auto half = [](Replies replies) { return replies[0].substr(0, 7); };
    EXPECT_EQ(play(answers(requests, half), 8), Failure::cut_short);
  }
}

/// On the next connection, numbers go on, and what an earlier one owed is not taken for a reply.
TEST_F(RequestPipelineTest, RestartedItForgetsWhatWasInFlightAndGoesOnCounting) {
  make(shape_of("100"));
  ASSERT_EQ(play(test::resets_after(8 * kLength), 8), Failure::reset);
  pipeline().restart();
  EXPECT_EQ(pipeline().in_flight(), 0u);
  EXPECT_EQ(pipeline().failure(), Failure::none);
  EXPECT_FALSE(pipeline().inquiring());
  EXPECT_EQ(play(test::echoes(), 1), Failure::none);
  EXPECT_EQ(lengths().size(), 1u);

  pipeline().restart();
  const auto old = [](Replies) { return request_of(made(shape_of("100"), 4, 2)); };
  EXPECT_EQ(play(answers(hundreds(1), old), 1), Failure::duplicated);
  EXPECT_EQ(wrong().sequence, 9u);
  EXPECT_THAT(wrong().text, HasSubstr("reply to request 2 on connection 4 came where the one to request 9"));

  pipeline().restart();
  const auto of_another = [](Replies) { return request_of(made(shape_of("100"), 5, 2)); };
  EXPECT_EQ(play(answers(hundreds(1), of_another), 1), Failure::foreign);
  EXPECT_EQ(wrong().sequence, 10u);

  pipeline().restart();
  EXPECT_EQ(play(test::echoes(), 8), Failure::none) << "evidence of the last one is forgotten";
}

}  // namespace
}  // namespace weir::load
