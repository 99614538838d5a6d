#include "client/message/message.hpp"

#include <gtest/gtest.h>

#include "client/message/classify.hpp"
#include "client/message/pattern.hpp"

namespace weir::load {
namespace {

MessageShape shape_of(const std::string& lengths) {
  MessageShape shape;
  shape.lengths = LengthSpec::parse(lengths);
  shape.run = 77;
  return shape;
}

Message made(const MessageShape& shape, std::uint32_t connection, std::uint64_t sequence) {
  Message message;
  message.make(shape, 0, connection, sequence, 123'456);
  return message;
}

/// What goes over the wire, piece by piece as a socket would take it.
std::vector<std::byte> request_of(const Message& message, std::size_t piece = ~std::size_t{0}) {
  std::vector<std::byte> bytes;
  while (bytes.size() < message.length()) {
    const auto [first, second] = message.unsent(bytes.size());
    std::vector<std::byte> both(first.begin(), first.end());
    both.insert(both.end(), second.begin(), second.end());
    both.resize(std::min(both.size(), piece));
    bytes.insert(bytes.end(), both.begin(), both.end());
  }
  return bytes;
}

std::string text_of(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

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
    const std::vector<std::byte> whole = request_of(message);
    ASSERT_EQ(whole.size(), message.length());
    EXPECT_EQ(message.right_bytes(0, whole), whole.size()) << length;
    EXPECT_TRUE(request_of(message, 7001) == whole) << length;
    for (std::size_t at = 0; at < whole.size(); at += whole.size() / 3 + 1) {
      EXPECT_EQ(message.right_bytes(at, std::span(whole).subspan(at)), whole.size() - at);
    }
  }
}

TEST(Message, DiffersFromThatOfAnotherConnectionAndSequence) {
  const MessageShape shape = shape_of("64");
  const std::vector<std::byte> one = request_of(made(shape, 1, 1));
  EXPECT_NE(one, request_of(made(shape, 2, 1)));
  EXPECT_NE(one, request_of(made(shape, 1, 2)));
  EXPECT_EQ(one, request_of(made(shape, 1, 1)));
  const MessageShape too_short_for_a_header = shape_of("31");
  const std::vector<std::byte> payload = request_of(made(too_short_for_a_header, 1, 1));
  EXPECT_NE(payload, request_of(made(too_short_for_a_header, 2, 1)));
  EXPECT_NE(payload, request_of(made(too_short_for_a_header, 1, 2)));
}

TEST(Message, ExpectsCapitalsWhereTheServiceUpperCases) {
  MessageShape shape = shape_of("5000");
  shape.upper = true;
  const Message message = made(shape, 1, 1);
  std::vector<std::byte> reply = request_of(message);
  EXPECT_LT(message.right_bytes(0, reply), reply.size());
  for (std::byte& byte : reply) byte = to_upper(byte);
  EXPECT_EQ(message.right_bytes(0, reply), reply.size());
}

TEST(Message, TextIsFilledIn) {
  MessageShape shape;
  shape.text = "{thread} says {n} on {connection} {other}\n";
  Message message;
  message.make(shape, 3, 14, 15, 0);
  EXPECT_EQ(text_of(request_of(message, 5)), "3 says 15 on 14 {other}\n");
  shape.upper = true;
  message.make(shape, 3, 14, 16, 0);
  const std::string reply = "3 SAYS 16 ON 14 {OTHER}\n";
  EXPECT_EQ(message.right_bytes(0, std::as_bytes(std::span(reply))), reply.size());
}

TEST(Message, WrongByteIsFoundWhereItIs) {
  const Message message = made(shape_of("200000"), 1, 1);
  std::vector<std::byte> reply = request_of(message);
  for (const std::size_t at : {std::size_t{0}, std::size_t{31}, std::size_t{32}, std::size_t{131'103}}) {
    reply[at] ^= std::byte{1};
    EXPECT_EQ(message.right_bytes(0, reply), at);
    reply[at] ^= std::byte{1};
  }
}

/// Lets a message be classified as an exchange does it.
WrongReply explain(const Message& expected, std::span<const std::byte> reply) {
  const std::size_t compared = std::min<std::size_t>(reply.size(), expected.length());
  const std::size_t offset = expected.right_bytes(0, reply.first(compared));
  return classify(expected, offset, offset < Header::kSize ? reply : reply.subspan(offset));
}

TEST(Classify, FlippedByteIsCorruptFromThereOn) {
  const Message message = made(shape_of("300"), 4, 7);
  std::vector<std::byte> reply = request_of(message);
  reply[150] ^= std::byte{0xff};
  const WrongReply wrong = explain(message, reply);
  EXPECT_EQ(wrong.kind, Failure::corrupt);
  EXPECT_NE(wrong.text.find("request 7 on connection 4 is corrupt from byte 150 on"), std::string::npos) << wrong.text;
}

TEST(Classify, FlippedByteOfTheHeaderIsCorrupt) {
  const Message message = made(shape_of("300"), 4, 7);
  std::vector<std::byte> reply = request_of(message);
  reply[0] ^= std::byte{0xff};
  EXPECT_EQ(explain(message, reply).kind, Failure::corrupt);
}

TEST(Classify, MissingBytesAreLost) {
  const Message message = made(shape_of("300"), 4, 7);
  std::vector<std::byte> reply = request_of(message);
  reply.erase(reply.begin() + 100, reply.begin() + 110);
  const WrongReply wrong = explain(message, reply);
  EXPECT_EQ(wrong.kind, Failure::lost);
  EXPECT_NE(wrong.text.find("10 bytes lost at byte 100"), std::string::npos) << wrong.text;
}

TEST(Classify, BytesThatComeTwiceAreDuplicated) {
  const Message message = made(shape_of("300"), 4, 7);
  std::vector<std::byte> reply = request_of(message);
  const std::vector<std::byte> twice(reply.begin() + 80, reply.begin() + 120);
  reply.insert(reply.begin() + 120, twice.begin(), twice.end());
  const WrongReply wrong = explain(message, reply);
  EXPECT_EQ(wrong.kind, Failure::duplicated);
  EXPECT_NE(wrong.text.find("40 bytes came twice at byte 120"), std::string::npos) << wrong.text;
}

TEST(Classify, HeaderNamesWhomAReplyBelongsTo) {
  const MessageShape shape = shape_of("64");
  const Message expected = made(shape, 4, 7);
  EXPECT_EQ(explain(expected, request_of(made(shape, 4, 6))).kind, Failure::duplicated);
  EXPECT_EQ(explain(expected, request_of(made(shape, 4, 8))).kind, Failure::out_of_order);
  const WrongReply foreign = explain(expected, request_of(made(shape, 5, 7)));
  EXPECT_EQ(foreign.kind, Failure::foreign);
  EXPECT_EQ(foreign.text,
            "the reply to request 7 on connection 5 came where the one to request 7 on connection 4 was due");
  MessageShape other = shape;
  other.run = 78;
  EXPECT_EQ(explain(expected, request_of(made(other, 4, 7))).kind, Failure::foreign);
}

TEST(Classify, SurplusIsDuplicatedForeignOrCorrupt) {
  const MessageShape shape = shape_of("64");
  const Message answered = made(shape, 4, 7);
  EXPECT_EQ(classify_surplus(answered, request_of(answered)).kind, Failure::duplicated);
  EXPECT_EQ(classify_surplus(answered, std::span<const std::byte>(request_of(answered)).first(3)).kind,
            Failure::duplicated);
  EXPECT_EQ(classify_surplus(answered, request_of(made(shape, 9, 7))).kind, Failure::foreign);
  const std::string banner = "hello";
  EXPECT_EQ(classify_surplus(answered, std::as_bytes(std::span(banner))).kind, Failure::corrupt);
}

}  // namespace
}  // namespace weir::load
