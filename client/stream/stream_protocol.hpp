#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/measure/failure.hpp"
#include "client/stream/stream_options.hpp"
#include "client/stream/tcp_facts.hpp"

/// What `weir-load stream` and its far end tell each other, a line each, around the bytes of the pattern:
///
///     client:  WEIR-LOAD/1 stream up pace=0 run=5f3a91 stream=0    then its pattern (up, both), then its FIN
///     server:  WEIR-LOAD/1 serve up pace=0 run=5f3a91 stream=0     then its pattern (down, both) until the client's
///     FIN,
///              WEIR-LOAD/1 result received=… sent=… wrong=…        then its FIN
///
/// An echo gives the client's line back, so that the first line that comes tells which of the two it is.
namespace weir::load {

/// The first line each way.
struct StreamPreamble {
  Direction direction = Direction::up;
  std::uint64_t pace = 0;  ///< bytes a second, 0: no limit
  std::uint32_t run = 0;   ///< 24 bits
  std::uint32_t stream = 0;

  /// No line is longer, newline included.
  static constexpr std::size_t kLongest = 128;

  /// The lines, with their newlines.
  std::string client_line() const;
  std::string server_line() const;
  /// Reads a client's line, without its newline. Nothing when it is none.
  static std::optional<StreamPreamble> parse_client(std::string_view line);

  bool operator==(const StreamPreamble&) const = default;
};

/// Where in the pattern the bytes of a stream begin, one way. Another place for each stream of a run and each way.
std::uint64_t stream_start(std::uint32_t run, std::uint32_t stream, bool up);

std::string_view direction_name(Direction direction);

/// The last line of `--serve`: what it got of the client's bytes, and what it sent.
struct StreamResult {
  std::uint64_t received = 0;  ///< bytes of the pattern that were right, from the first on
  std::uint64_t sent = 0;
  Failure wrong = Failure::none;  ///< what was wrong with the byte that followed those, and with no more
  std::uint64_t amount = 0;       ///< how many bytes were lost or came twice
  std::string expected;           ///< bytes around the place as they should have been, and as they came
  std::string got;
  SendLimits limits;  ///< what limited its sending; elapsed_us is 0 where it sent nothing or can't tell
  TcpFacts tcp;

  /// How the line begins, and how long it may be, newline included.
  static constexpr std::string_view kBegins = "WEIR-LOAD/1 result ";
  static constexpr std::size_t kLongest = 640;

  /// The line, with its newline.
  std::string line() const;
  /// Reads one, without its newline. Nothing when it is none.
  static std::optional<StreamResult> parse(std::string_view line);
};

}  // namespace weir::load
