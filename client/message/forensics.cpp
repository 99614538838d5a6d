#include "client/message/forensics.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "client/message/header.hpp"

namespace weir::load {

namespace {

/// How far around the wrong place its bytes are looked for, and how many must match to be believed.
constexpr std::size_t kReach = 256 * 1024;
constexpr std::size_t kEvidence = 4;

using Bytes = std::span<const std::byte>;

std::string name_of(std::uint64_t sequence, std::uint32_t connection) {
  return "request " + std::to_string(sequence) + " on connection " + std::to_string(connection);
}

std::string name_of(const Message& message) { return name_of(message.sequence(), message.connection()); }

/// Whose reply some bytes are.
struct Owner {
  std::uint32_t run;
  std::uint32_t connection;
  std::uint64_t sequence;
  std::uint64_t length;
};

bool is_whole(const Message& message, Bytes received) {
  if (message.length() < kEvidence || received.size() < message.length()) return false;
  const auto length = static_cast<std::size_t>(message.length());
  return message.right_bytes(0, received.first(length)) == length;
}

Owner owner_of(const Message& message) {
  return {message.run(), message.connection(), message.sequence(), message.length()};
}

/// Whose reply begins here. Without a header only whole replies that were due or just came are recognized.
std::optional<Owner> identify(const DueReplies& replies, Bytes received) {
  if (const std::optional<Header> header = Header::decode(received)) {
    return Owner{header->run, header->connection, header->sequence, header->length};
  }
  for (const Message& message : replies.due) {
    if (!message.has_header() && is_whole(message, received)) return owner_of(message);
  }
  if (replies.before && !replies.before->has_header() && is_whole(*replies.before, received)) {
    return owner_of(*replies.before);
  }
  return std::nullopt;
}

/// Whether the reply that was due comes after others that stand first in `received`.
bool comes_later(const DueReplies& replies, Bytes received) {
  const Message& due = replies.due.front();
  while (const std::optional<Owner> owner = identify(replies, received)) {
    if (owner->run != due.run() || owner->connection != due.connection()) return false;
    if (owner->sequence == due.sequence()) return true;
    if (owner->length == 0 || owner->length >= received.size()) return false;
    received = received.subspan(static_cast<std::size_t>(owner->length));
  }
  return false;
}

/// Whether this is the due reply with one wrong byte in its header, whatever that byte makes the header say.
bool is_due_but_for_one_byte(const Message& due, Bytes received) {
  if (!due.has_header() || received.size() < Header::kSize + kEvidence) return false;
  std::array<std::byte, Header::kSize> expected{};
  due.copy_expected(0, expected);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < Header::kSize; ++i) wrong += expected[i] != received[i] ? 1 : 0;
  const Bytes payload = received.subspan(Header::kSize);
  const auto compared = static_cast<std::size_t>(std::min<std::uint64_t>(payload.size(), due.length() - Header::kSize));
  return wrong == 1 && compared >= kEvidence && due.right_bytes(Header::kSize, payload.first(compared)) == compared;
}

/// The reply began with, or was cut off by, one that belongs to another request.
std::optional<WrongReply> by_owner(const DueReplies& replies, std::uint64_t offset, Bytes received) {
  const Message& due = replies.due.front();
  const std::optional<Owner> owner = identify(replies, received);
  if (!owner) return std::nullopt;
  const std::string other = name_of(owner->sequence, owner->connection);
  const std::string place = offset == 0 ? " came where the one to " + name_of(due) + " was due"
                                        : " came at byte " + std::to_string(offset) + " of the one to " + name_of(due);
  WrongReply wrong;
  wrong.offset = offset;
  if (owner->run != due.run()) {
    wrong.kind = Failure::foreign;
    wrong.text = "a reply to another run's " + other + place;
  } else if (owner->connection != due.connection()) {
    wrong.kind = Failure::foreign;
    wrong.text = "the reply to " + other + place;
  } else if (owner->sequence < due.sequence()) {
    wrong.kind = Failure::duplicated;
    wrong.text = "a second reply to " + other + place;
  } else if (owner->sequence == due.sequence()) {
    if (offset == 0) return std::nullopt;
    wrong.kind = Failure::duplicated;
    wrong.text = "the reply to " + other + " began again at its byte " + std::to_string(offset);
  } else if (offset != 0) {
    wrong.kind = Failure::cut_short;
    wrong.text = "the reply to " + name_of(due) + " ended after " + std::to_string(offset) + " of " +
                 std::to_string(due.length()) + " bytes, and the one to " + other + " followed";
  } else if (comes_later(replies, received)) {
    wrong.kind = Failure::out_of_order;
    wrong.text = "the reply to " + other + " came before the one to " + name_of(due);
  } else {
    wrong.kind = Failure::lost;
    wrong.text = "the reply to " + name_of(due) + " is lost: the one to " + other + " came instead";
  }
  return wrong;
}

/// The bytes that were due from a place in the first reply on, those of the replies that follow included.
std::vector<std::byte> due_bytes(const DueReplies& replies, std::uint64_t offset) {
  std::vector<std::byte> bytes(kReach);
  std::size_t size = 0;
  for (const Message& message : replies.due) {
    size += message.copy_expected(offset, std::span(bytes).subspan(size));
    offset = 0;
  }
  bytes.resize(size);
  return bytes;
}

/// Whether the bytes that came are those that were due from `at` on: all of them, or those up to the end of what was
/// due.
bool agree(Bytes due, std::size_t at, Bytes came) {
  const std::size_t compared = std::min(came.size(), due.size() - at);
  const bool has_end = due.size() < kReach;
  if (compared < came.size() && (!has_end || compared < kEvidence)) return false;
  return std::equal(came.begin(), came.begin() + static_cast<long>(compared), due.begin() + static_cast<long>(at));
}

/// How many bytes were skipped before those that came instead of byte `offset`.
std::optional<std::uint64_t> find_skipped(const DueReplies& replies, std::uint64_t offset, Bytes came) {
  const std::vector<std::byte> due = due_bytes(replies, offset);
  for (std::size_t at = 1; at < due.size(); ++at) {
    if (agree(due, at, came)) return at;
  }
  return std::nullopt;
}

/// How far back those bytes stand that came instead of byte `offset`.
std::optional<std::uint64_t> find_doubled(const DueReplies& replies, std::uint64_t offset, Bytes came) {
  const std::uint64_t begin = offset < kReach / 2 ? 0 : offset - kReach / 2;
  const std::vector<std::byte> due = due_bytes(replies, begin);
  for (auto at = static_cast<std::size_t>(offset - begin); at-- > 0;) {
    if (agree(due, at, came)) return offset - begin - at;
  }
  return std::nullopt;
}

/// Bytes of the reply itself that are missing, or came twice.
std::optional<WrongReply> by_shift(const DueReplies& replies, std::uint64_t offset, Bytes wrong) {
  if (wrong.size() < kEvidence) return std::nullopt;
  wrong = wrong.first(std::min<std::size_t>(wrong.size(), 32));
  const Message& due = replies.due.front();
  const std::string where = " at byte " + std::to_string(offset) + " of the reply to " + name_of(due);
  WrongReply reply;
  reply.offset = offset;
  if (const std::optional<std::uint64_t> missing = find_skipped(replies, offset, wrong)) {
    reply.kind = Failure::lost;
    reply.text = std::to_string(*missing) + (*missing == 1 ? " byte lost" : " bytes lost") + where;
    return reply;
  }
  if (const std::optional<std::uint64_t> back = find_doubled(replies, offset, wrong)) {
    reply.kind = Failure::duplicated;
    reply.text = std::to_string(*back) + (*back == 1 ? " byte" : " bytes") + " came twice" + where;
    return reply;
  }
  return std::nullopt;
}

WrongReply corrupt(const Message& due, std::uint64_t offset) {
  WrongReply reply;
  reply.kind = Failure::corrupt;
  reply.offset = offset;
  reply.text = "the reply to " + name_of(due) + " is corrupt from byte " + std::to_string(offset) + " on";
  return reply;
}

std::string text_of(Bytes bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), WrongReply::kExcerpt));
}

/// The bytes around the place, as they should have been.
void show_expected(WrongReply& wrong, const Message& due) {
  wrong.connection = due.connection();
  wrong.sequence = due.sequence();
  wrong.excerpt_at = wrong.offset < WrongReply::kBefore ? 0 : wrong.offset - WrongReply::kBefore;
  std::array<std::byte, WrongReply::kExcerpt> expected{};
  wrong.expected = text_of(std::span(expected).first(due.copy_expected(wrong.excerpt_at, expected)));
}

}  // namespace

WrongReply explain(const DueReplies& replies, std::uint64_t offset, std::span<const std::byte> received) {
  const Message& due = replies.due.front();
  const bool from_the_start = offset < Header::kSize;
  const Bytes tail =
      received.subspan(from_the_start ? std::min(received.size(), static_cast<std::size_t>(offset)) : std::size_t{0});
  std::optional<WrongReply> found;
  // A whole reply that begins at the wrong byte says more than a header of which the first part may be another's.
  if (offset != 0) found = by_owner(replies, offset, tail);
  if (!found && from_the_start && !is_due_but_for_one_byte(due, received)) {
    found = by_owner(replies, 0, received);
    // It came from the reply's first byte on, of which the first ones may be those that were due.
    if (found) found->offset = offset;
  }
  if (!found) found = by_shift(replies, offset, tail);
  WrongReply wrong = found ? std::move(*found) : corrupt(due, offset);
  show_expected(wrong, due);
  // What stood before the first wrong byte was right.
  wrong.received = wrong.expected.substr(0, static_cast<std::size_t>(wrong.offset - wrong.excerpt_at));
  const Bytes shown = wrong.offset == 0 && from_the_start ? received : tail;
  wrong.received += text_of(shown.first(std::min(shown.size(), WrongReply::kExcerpt - wrong.received.size())));
  return wrong;
}

WrongReply explain_end(const Message& due, std::uint64_t offset) {
  WrongReply wrong;
  wrong.kind = Failure::cut_short;
  wrong.offset = offset;
  wrong.text = "the reply to " + name_of(due) + " ended after " + std::to_string(offset) + " of " +
               std::to_string(due.length()) + " bytes, with a FIN";
  show_expected(wrong, due);
  wrong.received = wrong.expected.substr(0, static_cast<std::size_t>(offset - wrong.excerpt_at));
  return wrong;
}

WrongReply explain_surplus(const Message* answered, std::uint32_t connection, std::span<const std::byte> received) {
  WrongReply wrong;
  wrong.connection = connection;
  wrong.received = text_of(received);
  if (answered == nullptr) {
    wrong.text = "bytes came on connection " + std::to_string(connection) + " before anything was asked";
    return wrong;
  }
  wrong.sequence = answered->sequence();
  const std::string after = " after the reply to " + name_of(*answered);
  const std::optional<Header> header = Header::decode(received);
  const auto compared = static_cast<std::size_t>(std::min<std::uint64_t>(received.size(), answered->length()));
  if (header && (header->run != answered->run() || header->connection != answered->connection())) {
    wrong.kind = Failure::foreign;
    wrong.text = "the reply to " + name_of(header->sequence, header->connection) + " came" + after;
  } else if (header || (compared != 0 && answered->right_bytes(0, received.first(compared)) == compared)) {
    wrong.kind = Failure::duplicated;
    wrong.text = "bytes came twice" + after;
  } else {
    wrong.text = std::to_string(received.size()) + (received.size() == 1 ? " byte" : " bytes") +
                 " that nobody asked for came" + after;
  }
  return wrong;
}

}  // namespace weir::load
