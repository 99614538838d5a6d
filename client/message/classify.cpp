#include "client/message/classify.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "client/message/header.hpp"

namespace weir::load {

namespace {

/// How far around the wrong place its bytes are looked for, and how many must match to be believed.
constexpr std::size_t kReach = 16 * 1024;
constexpr std::size_t kEvidence = 4;

std::string name_of(const Message& message) {
  return "request " + std::to_string(message.sequence()) + " on connection " + std::to_string(message.connection());
}

std::string hex(std::byte byte) {
  char text[5];
  std::snprintf(text, sizeof text, "0x%02x", std::to_integer<unsigned>(byte));
  return text;
}

std::optional<WrongReply> by_header(const Message& expected, std::span<const std::byte> received) {
  const std::optional<Header> header = Header::decode(received);
  if (!header) return std::nullopt;
  const std::string owner =
      "request " + std::to_string(header->sequence) + " on connection " + std::to_string(header->connection);
  const std::string instead = " came where the one to " + name_of(expected) + " was due";
  if (header->run != expected.run()) return WrongReply{Failure::foreign, "a reply to another run's " + owner + instead};
  if (header->connection != expected.connection()) {
    return WrongReply{Failure::foreign, "the reply to " + owner + instead};
  }
  if (header->sequence < expected.sequence()) {
    return WrongReply{Failure::duplicated, "a second reply to " + owner + instead};
  }
  if (header->sequence > expected.sequence()) {
    return WrongReply{Failure::out_of_order, "the reply to " + owner + instead};
  }
  return std::nullopt;
}

std::optional<WrongReply> by_shift(const Message& expected, std::uint64_t offset, std::span<const std::byte> wrong) {
  if (wrong.size() < kEvidence) return std::nullopt;
  wrong = wrong.first(std::min<std::size_t>(wrong.size(), 32));
  const std::string where = " at byte " + std::to_string(offset) + " of the reply to " + name_of(expected);
  std::array<std::byte, kReach> around;
  const std::span<const std::byte> later = std::span(around).first(expected.copy_expected(offset + 1, around));
  if (const auto found = std::search(later.begin(), later.end(), wrong.begin(), wrong.end()); found != later.end()) {
    return WrongReply{Failure::lost, std::to_string(found - later.begin() + 1) + " bytes lost" + where};
  }
  const std::uint64_t begin = offset < kReach / 2 ? 0 : offset - kReach / 2;
  const std::span<const std::byte> earlier = std::span(around).first(expected.copy_expected(begin, around));
  const auto found = std::find_end(earlier.begin(), earlier.end(), wrong.begin(), wrong.end());
  const auto back = static_cast<std::int64_t>(offset - begin) - (found - earlier.begin());
  if (found != earlier.end() && back > 0) {
    return WrongReply{Failure::duplicated, std::to_string(back) + " bytes came twice" + where};
  }
  return std::nullopt;
}

}  // namespace

WrongReply classify(const Message& expected, std::uint64_t offset, std::span<const std::byte> received) {
  if (expected.has_header() && offset < Header::kSize) {
    if (auto reply = by_header(expected, received)) return *reply;
    received = received.subspan(std::min(received.size(), static_cast<std::size_t>(offset)));
  }
  if (auto reply = by_shift(expected, offset, received)) return *reply;
  std::array<std::byte, 1> right{};
  expected.copy_expected(offset, right);
  std::string text = "the reply to " + name_of(expected) + " is corrupt from byte " + std::to_string(offset) + " on";
  if (!received.empty()) text += " (" + hex(received.front()) + " instead of " + hex(right.front()) + ")";
  return {Failure::corrupt, std::move(text)};
}

WrongReply classify_surplus(const Message& answered, std::span<const std::byte> received) {
  const std::string after = " after the reply to " + name_of(answered);
  const std::optional<Header> header = Header::decode(received);
  if (header && (header->run != answered.run() || header->connection != answered.connection())) {
    return {Failure::foreign, "the reply to request " + std::to_string(header->sequence) + " on connection " +
                                  std::to_string(header->connection) + " came" + after};
  }
  const std::size_t compared = static_cast<std::size_t>(std::min<std::uint64_t>(received.size(), answered.length()));
  if (header || (compared != 0 && answered.right_bytes(0, received.first(compared)) == compared)) {
    return {Failure::duplicated, "bytes came twice" + after};
  }
  return {Failure::corrupt, std::to_string(received.size()) + " bytes that nobody asked for came" + after};
}

}  // namespace weir::load
