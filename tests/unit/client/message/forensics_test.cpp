#include "client/message/forensics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/unit/client/message/made_messages.hpp"

namespace weir::load {
namespace {

using testing::HasSubstr;

/// What connection 4 owes from request 7 on, `count` of them.
DueReplies due_of(const MessageShape& shape, std::size_t count = 4) {
  DueReplies replies;
  replies.before = made(shape, 4, 6);
  for (std::size_t i = 0; i < count; ++i) replies.due.push_back(made(shape, 4, 7 + i));
  return replies;
}

/// All that came from the first due reply's first byte on, explained as a pipeline does it.
WrongReply explained(const DueReplies& replies, const std::string& came) {
  const Message& due = replies.due.front();
  const auto compared = static_cast<std::size_t>(std::min<std::uint64_t>(came.size(), due.length()));
  const std::size_t offset = due.right_bytes(0, as_bytes(came).first(compared));
  return explain(replies, offset, as_bytes(came).subspan(offset < Header::kSize ? 0 : offset));
}

std::string reply(const MessageShape& shape, std::uint64_t sequence, std::uint32_t connection = 4) {
  return request_of(made(shape, connection, sequence));
}

std::string flipped(std::string bytes, std::size_t at, char by = '\x01') {
  bytes[at] = static_cast<char>(bytes[at] ^ by);
  return bytes;
}

struct Named {
  std::string came;
  Failure kind;
  std::string text;
};

void expect_named(const MessageShape& shape, const std::vector<Named>& table) {
  const DueReplies replies = due_of(shape);
  for (const Named& row : table) {
    const WrongReply wrong = explained(replies, row.came);
    EXPECT_EQ(failure_key(wrong.kind), failure_key(row.kind)) << wrong.text;
    EXPECT_THAT(wrong.text, HasSubstr(row.text));
    EXPECT_EQ(wrong.connection, 4u);
    EXPECT_EQ(wrong.sequence, 7u);
  }
}

TEST(Explain, NamesWhatHappenedToReplies) {
  const MessageShape shape = shape_of("300");
  MessageShape other_run = shape;
  other_run.run = 78;
  const std::string seven = reply(shape, 7);
  const std::string eight = reply(shape, 8);
  const std::string nine = reply(shape, 9);
  expect_named(
      shape,
      {
          {eight + nine, Failure::lost,
           "the reply to request 7 on connection 4 is lost: the one to request 8 on connection 4 came instead"},
          {nine, Failure::lost, "the one to request 9 on connection 4 came instead"},
          {eight + seven, Failure::out_of_order,
           "the reply to request 8 on connection 4 came before the one to request 7 on connection 4"},
          {nine + eight + seven, Failure::out_of_order, "the reply to request 9 on connection 4 came before"},
          {eight.substr(0, 32), Failure::lost, "request 7 on connection 4 is lost"},
          {reply(shape, 6) + seven, Failure::duplicated, "a second reply to request 6 on connection 4 came where"},
          {reply(shape, 2), Failure::duplicated, "a second reply to request 2 on connection 4 came where"},
          {reply(shape, 7, 5), Failure::foreign,
           "the reply to request 7 on connection 5 came where the one to request 7 on connection 4 was due"},
          {request_of(made(other_run, 4, 7, 99)), Failure::foreign,
           "a reply to another run's request 7 on connection 4 came where"},
          {seven.substr(0, 200) + eight, Failure::cut_short,
           "the reply to request 7 on connection 4 ended after 200 of 300 bytes, and the one to request 8 on"},
          {seven.substr(0, 31) + eight, Failure::cut_short, "ended after 31 of 300 bytes"},
          {seven.substr(0, 13) + eight, Failure::cut_short, "ended after 13 of 300 bytes"},
          {seven.substr(0, 200) + seven, Failure::duplicated,
           "the reply to request 7 on connection 4 began again at its byte 200"},
          {seven.substr(0, 200) + reply(shape, 5), Failure::duplicated,
           "a second reply to request 5 on connection 4 came at byte 200 of the one to request 7 on connection 4"},
          {seven.substr(0, 200) + reply(shape, 1, 9), Failure::foreign,
           "the reply to request 1 on connection 9 came at"},
      });
}

TEST(Explain, NamesWhatHappenedWithinAReply) {
  const MessageShape shape = shape_of("300");
  const std::string seven = reply(shape, 7);
  const std::string eight = reply(shape, 8);
  std::vector<Named> table{
      {seven.substr(0, 100) + seven.substr(110), Failure::lost, "10 bytes lost at byte 100 of the reply to request 7"},
      {seven.substr(0, 100) + seven.substr(101), Failure::lost, "1 byte lost at byte 100"},
      {seven.substr(0, 250) + seven.substr(290) + eight, Failure::lost, "40 bytes lost at byte 250"},
      {seven.substr(0, 120) + seven.substr(80), Failure::duplicated, "40 bytes came twice at byte 120"},
      {seven.substr(0, 120) + seven.substr(119), Failure::duplicated, "1 byte came twice at byte 120"},
      {seven.substr(0, 295) + seven.substr(285) + eight, Failure::duplicated, "10 bytes came twice at byte 295"},
      {flipped(seven, 32), Failure::corrupt, "the reply to request 7 on connection 4 is corrupt from byte 32 on"},
      {flipped(seven, 299) + eight, Failure::corrupt, "corrupt from byte 299 on"},
      {flipped(seven, 0), Failure::corrupt, "corrupt from byte 0 on"},
      {std::string(300, '\0'), Failure::corrupt, "corrupt from byte 0 on"},
      {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), Failure::corrupt, "corrupt from byte 0 on"},
  };
  // Whatever digit a wrong byte of the header makes, the payload shows that it is this very reply.
  for (std::size_t at = 2; at < Header::kSize; ++at) {
    table.push_back({flipped(seven, at), Failure::corrupt, "corrupt from byte " + std::to_string(at) + " on"});
  }
  expect_named(shape, table);
}

TEST(Explain, RecognizesWholeRepliesWithoutAHeader) {
  for (const MessageShape& shape : {shape_of("24"), shape_of_text("{connection}: {n} of many, I say\n")}) {
    const std::string seven = reply(shape, 7);
    const std::string eight = reply(shape, 8);
    expect_named(shape, {
                            {eight + reply(shape, 9), Failure::lost, "is lost: the one to request 8"},
                            {eight + seven, Failure::out_of_order, "request 8 on connection 4 came before"},
                            {reply(shape, 6), Failure::duplicated, "a second reply to request 6"},
                            {flipped(seven, 3, '\x80'), Failure::corrupt, "corrupt from byte 3 on"},
                            {flipped(seven, seven.size() - 1), Failure::corrupt, "corrupt from byte"},
                            {reply(shape, 7, 5), Failure::corrupt, "corrupt from byte"},
                        });
  }
}

TEST(Explain, ShowsBothSidesAroundThePlace) {
  const MessageShape shape = shape_of("300");
  const std::string seven = reply(shape, 7);
  for (const std::size_t place : {std::size_t{0}, std::size_t{5}, std::size_t{8}, std::size_t{31}, std::size_t{32},
                                  std::size_t{150}, std::size_t{299}}) {
    const std::string came = flipped(seven, place, '\x80');
    const WrongReply wrong = explained(due_of(shape), came);
    const std::size_t from = place < WrongReply::kBefore ? 0 : place - WrongReply::kBefore;
    EXPECT_EQ(wrong.offset, place);
    EXPECT_EQ(wrong.excerpt_at, from);
    EXPECT_EQ(wrong.expected, seven.substr(from, WrongReply::kExcerpt));
    EXPECT_EQ(wrong.received, came.substr(from, WrongReply::kExcerpt));
  }
}

TEST(Explain, AnothersReplyIsWrongFromTheFirstByteThatIsNotTheDueOnes) {
  const MessageShape shape = shape_of("300");
  const std::string seven = reply(shape, 7);
  // Due is 7: 8 and then it, as out of order; 6 once more; and that of another connection.
  for (const std::string& came : {reply(shape, 8) + seven, reply(shape, 6) + seven, reply(shape, 7, 9)}) {
    const WrongReply wrong = explained(due_of(shape), came);
    const auto first =
        static_cast<std::size_t>(std::mismatch(seven.begin(), seven.end(), came.begin()).first - seven.begin());
    EXPECT_GT(first, 0u);
    EXPECT_EQ(wrong.offset, first) << wrong.text;
    EXPECT_EQ(wrong.received, came.substr(wrong.excerpt_at, wrong.received.size()));
    EXPECT_EQ(wrong.expected, seven.substr(wrong.excerpt_at, wrong.expected.size()));
  }
}

TEST(ExplainEnd, SaysHowMuchCame) {
  const MessageShape shape = shape_of("300");
  const WrongReply wrong = explain_end(made(shape, 4, 7), 120);
  EXPECT_EQ(wrong.kind, Failure::cut_short);
  EXPECT_EQ(wrong.text, "the reply to request 7 on connection 4 ended after 120 of 300 bytes, with a FIN");
  EXPECT_EQ(wrong.offset, 120u);
  EXPECT_EQ(wrong.excerpt_at, 112u);
  EXPECT_EQ(wrong.expected, reply(shape, 7).substr(112, 32));
  EXPECT_EQ(wrong.received, reply(shape, 7).substr(112, 8));
}

TEST(ExplainSurplus, IsDuplicatedForeignOrNobodys) {
  const MessageShape shape = shape_of("64");
  const Message answered = made(shape, 4, 7);
  const std::string seven = reply(shape, 7);
  const auto kind = [&answered](const std::string& came) { return explain_surplus(&answered, 4, as_bytes(came)).kind; };
  EXPECT_EQ(kind(seven), Failure::duplicated);
  EXPECT_EQ(kind(seven.substr(0, 3)), Failure::duplicated);
  EXPECT_EQ(kind(reply(shape, 6)), Failure::duplicated);
  EXPECT_EQ(kind(reply(shape, 7, 9)), Failure::foreign);
  EXPECT_EQ(kind("hello"), Failure::corrupt);
  const std::string banner = "220 ready";
  const WrongReply early = explain_surplus(nullptr, 4, as_bytes(banner));
  EXPECT_EQ(early.kind, Failure::corrupt);
  EXPECT_EQ(early.text, "bytes came on connection 4 before anything was asked");
  EXPECT_EQ(early.received, banner);
}

/// Whatever a peer sends, some wrong reply is named, and it ends.
TEST(Explain, HostileBytesAreExplainedToo) {
  std::mt19937_64 random(20261127);
  const std::vector<MessageShape> shapes{shape_of("300"), shape_of("40"),     shape_of("5"),
                                         shape_of("1"),   shape_of_text("a"), shape_of_text("aaaaaaaa{n}")};
  const auto absurd_header = [&random] {
    Header header{77, 4, random() % 12, random() & 0xffffffffffff, 0};
    const std::uint64_t lengths[] = {0, 1, 31, (std::uint64_t{1} << 36) - 1, random() & 0xfffffffff};
    header.length = lengths[random() % 5];
    if (random() % 4 == 0) header.run = random() & 0xffffff;
    if (random() % 4 == 0) header.connection = random() & 0xffffff;
    std::array<std::byte, Header::kSize> bytes{};
    header.encode(bytes);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  std::vector<DueReplies> owed;
  for (const MessageShape& shape : shapes) owed.push_back(due_of(shape));
  for (int round = 0; round < 20'000; ++round) {
    const DueReplies& replies = owed[random() % owed.size()];
    const std::size_t size = static_cast<std::size_t>(round % 101);
    std::string came;
    while (came.size() < size)
      came += random() % 8 == 0 ? absurd_header() : std::string(1, static_cast<char>(random()));
    came.resize(size);
    if (random() % 4 == 0) came = absurd_header().substr(0, random() % 33) + came;
    const Message& due = replies.due.front();
    const std::uint64_t offset = random() % due.length();
    const WrongReply wrong = explain(replies, offset, as_bytes(came));
    ASSERT_TRUE(is_wrong_reply(wrong.kind));
    ASSERT_FALSE(wrong.text.empty());
    ASSERT_LE(wrong.received.size(), WrongReply::kExcerpt);
    ASSERT_LE(wrong.excerpt_at, wrong.offset);
    const WrongReply surplus = explain_surplus(round % 7 == 0 ? nullptr : &due, 4, as_bytes(came));
    ASSERT_TRUE(is_wrong_reply(surplus.kind));
  }
}

/// A thousand headers that each say to be followed at once: no circle, and no time that grows with the square.
TEST(Explain, ChainOfHeadersIsFollowedToItsEnd) {
  const DueReplies replies = due_of(shape_of("300"));
  std::string came;
  for (int i = 0; i < 2'000; ++i) {
    Header header{77, 4, 8, 0, i % 2 == 0 ? Header::kSize : std::uint64_t{0}};
    std::array<std::byte, Header::kSize> bytes{};
    header.encode(bytes);
    came.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  EXPECT_EQ(explained(replies, came).kind, Failure::lost);
}

}  // namespace
}  // namespace weir::load
