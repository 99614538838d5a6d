#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "client/failure.hpp"
#include "client/message/message.hpp"

namespace weir::load {

/// What was wrong with a reply: the kind, and a sentence that says where.
struct WrongReply {
  Failure kind = Failure::corrupt;
  std::string text;
};

/// Explains why the reply to `expected` is wrong from `offset` on. `received` begins at the reply's first byte when
/// `offset` lies in the header (so that the header that came can be read), else at `offset`; a few dozen bytes are
/// enough.
///
/// A header names who it belongs to: an earlier request (duplicated), a later one (out of order), another connection.
/// Where there is none, bytes that match a later part of the reply mean that something in between was lost, an
/// earlier part that something came twice. All else is corrupt.
WrongReply classify(const Message& expected, std::uint64_t offset, std::span<const std::byte> received);

/// Explains bytes that came after the whole reply to `answered` was there.
WrongReply classify_surplus(const Message& answered, std::span<const std::byte> received);

}  // namespace weir::load
