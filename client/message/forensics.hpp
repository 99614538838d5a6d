#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "client/measure/wrong_reply.hpp"
#include "client/message/message.hpp"

namespace weir::load {

/// What a connection owed when a reply went wrong.
struct DueReplies {
  std::optional<Message> before;  ///< the last one that was right
  std::vector<Message> due;       ///< the one that went wrong, and those that were to follow it
};

/// How many of the replies that were to follow are looked at, and how many bytes of what came.
inline constexpr std::size_t kRepliesExamined = 16;
inline constexpr std::size_t kBytesExamined = 512 * 1024;

/// Explains why the first of the due replies is wrong from `offset` on. `received` begins at the reply's first byte
/// when `offset` lies within Header::kSize, else at `offset`.
///
/// A header names who a reply belongs to; in messages without one, a whole reply that matches another request does. A
/// reply in the place of an earlier one's means that the earlier one is lost, or out of order if it came later on.
/// Within a reply, bytes that match a later part mean that something in between was lost, an earlier part that
/// something came twice. All else is corrupt.
WrongReply explain(const DueReplies& replies, std::uint64_t offset, std::span<const std::byte> received);

/// Explains a reply that ended with the connection after `offset` bytes, all of which were right.
WrongReply explain_end(const Message& due, std::uint64_t offset);

/// Explains bytes that came when every request had its reply. `answered` is the last of them, if there was one.
WrongReply explain_surplus(const Message* answered, std::uint32_t connection, std::span<const std::byte> received);

}  // namespace weir::load
