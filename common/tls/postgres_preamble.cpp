#include "common/tls/postgres_preamble.hpp"

#include <algorithm>

namespace weir::tls {

namespace {

constexpr std::byte kFirstOfTls{22};  // a record of a handshake; a packet of that length would have 350 MiB

// A length and a code. What is no version has a major of 1234, which none will ever have.
constexpr std::size_t kPostgresHead = 8;
constexpr std::uint32_t kCancelCode = 1234U << 16 | 5678U;
constexpr std::uint32_t kSslCode = 1234U << 16 | 5679U;
constexpr std::uint32_t kGssencCode = 1234U << 16 | 5680U;
constexpr std::uint32_t kMajorVersion = 3;

// Of a key, 4 bytes at least, up to protocol 3.0 just those.
constexpr std::size_t kShortestCancel = 4 + 4 + 4 + 4;
// The zero that ends its list of parameters, at least; at most what PostgreSQL takes (MAX_STARTUP_PACKET_LENGTH).
constexpr std::size_t kShortestStartup = kPostgresHead + 1;
constexpr std::size_t kLongestStartup = 10'000;

/// The numbers that the bytes can become, which are big-endian: exactly one once all four have come.
struct PostgresNumber {
  std::uint32_t least = 0;
  std::uint32_t most = 0xffff'ffff;

  explicit PostgresNumber(std::span<const std::byte> come) {
    unsigned shift = 32;
    for (const std::byte byte : come.first(std::min<std::size_t>(come.size(), 4))) {
      shift -= 8;
      const std::uint32_t open = shift == 0 ? 0 : (1U << shift) - 1;
      least |= std::to_integer<std::uint32_t>(byte) << shift;
      most = least | open;
    }
  }

  bool may_be(std::size_t from, std::size_t to) const { return least <= to && from <= most; }
  bool may_be(std::size_t number) const { return may_be(number, number); }
};

PostgresPreambleParse refuse_preamble(std::string_view problem) { return {PostgresPreamble::invalid, 0, 0, problem}; }

}  // namespace

PostgresPreambleParse parse_postgres_preamble(std::span<const std::byte> bytes) {
  using Kind = PostgresPreamble;
  if (!bytes.empty() && bytes[0] == kFirstOfTls) return {Kind::direct_tls, 0, 0, {}};
  const PostgresNumber length(bytes);
  const PostgresNumber code(bytes.subspan(std::min<std::size_t>(bytes.size(), 4)));
  if (!length.may_be(kPostgresHead, kLongestStartup)) return refuse_preamble("its length is none of a first packet");

  const bool encryption = length.may_be(kPostgresHead) && (code.may_be(kSslCode) || code.may_be(kGssencCode));
  const bool cancel = length.may_be(kShortestCancel, kLongestPostgresPreamble) && code.may_be(kCancelCode);
  const bool startup = length.may_be(kShortestStartup, kLongestStartup) &&
                       code.may_be(kMajorVersion << 16, (kMajorVersion << 16) | 0xffff);
  if (!encryption && !cancel && !startup) {
    return refuse_preamble("it is no request and no startup packet of protocol 3, or has the length of another");
  }
  if (bytes.size() < kPostgresHead) return {};
  if (startup) return {Kind::startup, kPostgresHead, 0, {}};
  if (cancel) {
    if (bytes.size() < length.least) return {};
    return {Kind::cancel_request, length.least, 0, {}};
  }
  const Kind kind = code.least == kSslCode ? Kind::ssl_request : Kind::gssenc_request;
  return {kind, kPostgresHead, bytes.size() - kPostgresHead, {}};
}

}  // namespace weir::tls
