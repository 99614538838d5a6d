#include "client/message/message.hpp"

#include <gtest/gtest.h>

#include "client/message/pattern.hpp"
#include "tests/unit/client/message/made_messages.hpp"

namespace weir::load {
namespace {

TEST(Header, ComesBackAsItWasAndSurvivesUpperCasing) {
  const Header header{0xabcdef, 0x123456, 0xfedcba987654, 0x0123456789ab, 0xfffffffff};
  std::array<std::byte, Header::kSize> bytes{};
  header.encode(bytes);
  EXPECT_EQ(Header::decode(bytes), header);
  for (std::byte& byte : bytes) byte = to_upper(byte);
  EXPECT_EQ(Header::decode(bytes), header);
}

TEST(Header, OtherBytesAreNone) {
  std::array<std::byte, Header::kSize> bytes{};
  EXPECT_FALSE(Header::decode(bytes));
  Header{1, 2, 3, 4, 5}.encode(bytes);
  EXPECT_FALSE(Header::decode(std::span(bytes).first(31)));
  bytes[9] = std::byte{'z'};
  EXPECT_FALSE(Header::decode(bytes));
}

TEST(Message, IsTheSameInWhateverPiecesItIsSentAndChecked) {
  for (const char* length : {"1", "31", "32", "33", "100", "70000", "3m"}) {
    const Message message = made(shape_of(length), 5, 9);
    const std::string whole = request_of(message);
    ASSERT_EQ(whole.size(), message.length());
    EXPECT_EQ(message.right_bytes(0, as_bytes(whole)), whole.size()) << length;
    EXPECT_TRUE(request_of(message, 7001) == whole) << length;
    for (std::size_t at = 0; at < whole.size(); at += whole.size() / 3 + 1) {
      EXPECT_EQ(message.right_bytes(at, as_bytes(whole).subspan(at)), whole.size() - at);
    }
  }
}

TEST(Message, DiffersFromThatOfAnotherConnectionAndSequence) {
  const MessageShape shape = shape_of("64");
  const std::string one = request_of(made(shape, 1, 1));
  EXPECT_NE(one, request_of(made(shape, 2, 1)));
  EXPECT_NE(one, request_of(made(shape, 1, 2)));
  EXPECT_EQ(one, request_of(made(shape, 1, 1)));
  const MessageShape too_short_for_a_header = shape_of("31");
  const std::string payload = request_of(made(too_short_for_a_header, 1, 1));
  EXPECT_NE(payload, request_of(made(too_short_for_a_header, 2, 1)));
  EXPECT_NE(payload, request_of(made(too_short_for_a_header, 1, 2)));
}

TEST(Message, ExpectsCapitalsWhereTheServiceUpperCases) {
  MessageShape shape = shape_of("5000");
  shape.upper = true;
  const Message message = made(shape, 1, 1);
  std::string reply = request_of(message);
  EXPECT_LT(message.right_bytes(0, as_bytes(reply)), reply.size());
  for (char& byte : reply) byte = static_cast<char>(to_upper(static_cast<std::byte>(byte)));
  EXPECT_EQ(message.right_bytes(0, as_bytes(reply)), reply.size());
}

TEST(Message, TextIsFilledIn) {
  MessageShape shape;
  shape.text = "{thread} says {n} on {connection} {other}\n";
  Message message;
  message.make(shape, 3, 14, 15, 0);
  EXPECT_EQ(request_of(message, 5), "3 says 15 on 14 {other}\n");
  shape.upper = true;
  message.make(shape, 3, 14, 16, 0);
  const std::string reply = "3 SAYS 16 ON 14 {OTHER}\n";
  EXPECT_EQ(message.right_bytes(0, as_bytes(reply)), reply.size());
}

TEST(Message, WrongByteIsFoundWhereItIs) {
  const Message message = made(shape_of("200000"), 1, 1);
  std::string reply = request_of(message);
  for (const std::size_t at : {std::size_t{0}, std::size_t{31}, std::size_t{32}, std::size_t{131'103}}) {
    reply[at] ^= 1;
    EXPECT_EQ(message.right_bytes(0, as_bytes(reply)), at);
    reply[at] ^= 1;
  }
}

TEST(CheckTemplate, RefusesANameThatNothingStandsFor) {
  for (const char* text :
       {"", "plain", "{n}", "{thread}{connection}", "{", "}", "{}", "{ n }", "{\"key\": {n}}", "{n", "{N}", "{n1}"}) {
    EXPECT_NO_THROW(check_template(text)) << text;
  }
  for (const char* text : {"{bogus}", "{n}{seq}", "{{m}}", "a {thread_id} b"}) {
    EXPECT_THROW(check_template(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace weir::load
