#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "client/failure.hpp"
#include "client/message/header.hpp"
#include "client/message/message.hpp"
#include "common/io/stream.hpp"

namespace weir::load {

/// One request and its reply on a connection: sends while the socket takes it, checks what comes while it comes, both
/// at once, so that a message larger than every buffer on the way cannot lock up. Holds no payload.
///
///     message().make(…) ─▶ begin() ─▶ advance() ─▶ waiting ─▶ advance() … ─▶ done | failed
class Exchange {
 public:
  enum class Status : std::uint8_t {
    waiting,  ///< for the socket
    working,  ///< moved its share; let others have their turn, then go on
    done,     ///< the whole reply is here and right
    failed,   ///< failure() says why; the connection is good for nothing more
  };

  Message& message() { return message_; }
  const Message& message() const { return message_; }

  /// Begins an exchange of the message that was made.
  void begin();

  /// Does what can be done without waiting. `scratch` is where bytes are received into.
  Status advance(io::Stream& stream, std::span<std::byte> scratch);

  /// Ends an exchange whose time is up; failure() is what it came to.
  void give_up(Failure reason);

  Failure failure() const { return failure_; }
  /// Of a wrong reply or an unusual error: a sentence that says where. May be empty.
  const std::string& detail() const { return detail_; }
  std::uint64_t received() const { return received_; }

 private:
  bool send(io::Stream& stream);
  Status check(std::span<const std::byte> chunk);
  Status look_closer(std::span<const std::byte> chunk);
  Status fail(Failure failure);

  Message message_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::string detail_;
  Failure failure_ = Failure::none;
  std::uint8_t suspect_size_ = 0;  ///< of a header that is wrong and not all here yet
  std::uint8_t wrong_at_ = 0;
  std::array<std::byte, Header::kSize> suspect_;
};

}  // namespace weir::load
