#include "client/stream/stream_protocol.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "client/message/pattern.hpp"
#include "common/stable_hash.hpp"

namespace weir::load {

namespace {

constexpr std::string_view kMagic = "WEIR-LOAD/1 ";
constexpr std::string_view kNone = "none";

/// Takes `text` off the front.
bool skip(std::string_view& rest, std::string_view text) {
  if (!rest.starts_with(text)) return false;
  rest.remove_prefix(text.size());
  return true;
}

/// Takes `NAME=` and what follows, up to a blank or the end.
std::optional<std::string_view> take(std::string_view& rest, std::string_view name) {
  if (!skip(rest, name) || !skip(rest, "=")) return std::nullopt;
  const std::string_view value = rest.substr(0, rest.find(' '));
  rest.remove_prefix(value.size());
  skip(rest, " ");
  return value;
}

template <typename Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename Number>
bool take_number(std::string_view& rest, std::string_view name, Number& number, int base = 10) {
  const std::optional<std::string_view> value = take(rest, name);
  return value && read_number(*value, number, base);
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += {kDigits[value >> 4], kDigits[value & 15]};
  }
  return text;
}

bool from_hex(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 2 != 0) return false;
  for (; !text.empty(); text.remove_prefix(2)) {
    unsigned value = 0;
    if (!read_number(text.substr(0, 2), value, 16)) return false;
    bytes.push_back(static_cast<char>(value));
  }
  return true;
}

std::string preamble_line(const StreamPreamble& preamble, std::string_view word) {
  char run[16];
  std::snprintf(run, sizeof run, "%06x", preamble.run);
  return std::string(kMagic) + std::string(word) + " " + std::string(direction_name(preamble.direction)) +
         " pace=" + std::to_string(preamble.pace) + " run=" + run + " stream=" + std::to_string(preamble.stream) + "\n";
}

Failure wrong_kind(std::string_view key) {
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (is_wrong_reply(failure) && failure_key(failure) == key) return failure;
  }
  return Failure::none;
}

}  // namespace

std::string_view direction_name(Direction direction) {
  static constexpr std::array<std::string_view, 3> kNames{"up", "down", "both"};
  return kNames[static_cast<std::size_t>(direction)];
}

std::string StreamPreamble::client_line() const { return preamble_line(*this, "stream"); }
std::string StreamPreamble::server_line() const { return preamble_line(*this, "serve"); }

std::optional<StreamPreamble> StreamPreamble::parse_client(std::string_view line) {
  StreamPreamble preamble;
  if (!skip(line, kMagic) || !skip(line, "stream ")) return std::nullopt;
  const std::string_view direction = line.substr(0, line.find(' '));
  bool known = false;
  for (const Direction each : {Direction::up, Direction::down, Direction::both}) {
    if (direction != direction_name(each)) continue;
    preamble.direction = each;
    known = true;
  }
  if (!known) return std::nullopt;
  line.remove_prefix(direction.size());
  if (!skip(line, " ") || !take_number(line, "pace", preamble.pace) || !take_number(line, "run", preamble.run, 16) ||
      !take_number(line, "stream", preamble.stream) || !line.empty()) {
    return std::nullopt;
  }
  return preamble;
}

std::uint64_t stream_start(std::uint32_t run, std::uint32_t stream, bool up) {
  // Multiples of a number that is prime to the period: no two ways of half a million streams begin at the same place.
  constexpr std::uint64_t kStep = 104'729;
  return (mix(run) % Pattern::kPeriod + (2 * std::uint64_t{stream} + (up ? 0 : 1)) * kStep) % Pattern::kPeriod;
}

std::string StreamResult::line() const {
  std::string text(kBegins);
  const auto add = [&text](std::string_view name, std::uint64_t value) {
    text += std::string(name) + "=" + std::to_string(value) + " ";
  };
  add("received", received);
  add("sent", sent);
  text += "wrong=" + std::string(wrong == Failure::none ? kNone : failure_key(wrong)) + " ";
  add("amount", amount);
  text += "expected=" + to_hex(expected) + " got=" + to_hex(got) + " ";
  add("elapsed", limits.elapsed_us);
  add("busy", limits.busy_us);
  add("rwnd", limits.rwnd_us);
  add("sndbuf", limits.sndbuf_us);
  add("rtt", tcp.rtt_us);
  add("min_rtt", tcp.min_rtt_us);
  add("retransmits", tcp.retransmits);
  add("bytes_retrans", tcp.bytes_retrans);
  text.back() = '\n';
  return text;
}

std::optional<StreamResult> StreamResult::parse(std::string_view line) {
  StreamResult result;
  if (!skip(line, kBegins) || !take_number(line, "received", result.received) ||
      !take_number(line, "sent", result.sent)) {
    return std::nullopt;
  }
  const std::optional<std::string_view> wrong = take(line, "wrong");
  if (!wrong) return std::nullopt;
  result.wrong = wrong_kind(*wrong);
  if (result.wrong == Failure::none && *wrong != kNone) return std::nullopt;
  if (!take_number(line, "amount", result.amount)) return std::nullopt;
  const std::optional<std::string_view> expected = take(line, "expected");
  if (!expected || !from_hex(*expected, result.expected)) return std::nullopt;
  const std::optional<std::string_view> got = take(line, "got");
  if (!got || !from_hex(*got, result.got)) return std::nullopt;
  if (!take_number(line, "elapsed", result.limits.elapsed_us) || !take_number(line, "busy", result.limits.busy_us) ||
      !take_number(line, "rwnd", result.limits.rwnd_us) || !take_number(line, "sndbuf", result.limits.sndbuf_us) ||
      !take_number(line, "rtt", result.tcp.rtt_us) || !take_number(line, "min_rtt", result.tcp.min_rtt_us) ||
      !take_number(line, "retransmits", result.tcp.retransmits) ||
      !take_number(line, "bytes_retrans", result.tcp.bytes_retrans) || !line.empty()) {
    return std::nullopt;
  }
  // Whoever wrote the line: the shares are computed from differences.
  TcpFacts facts;
  facts.busy_us = result.limits.busy_us;
  facts.rwnd_us = result.limits.rwnd_us;
  facts.sndbuf_us = result.limits.sndbuf_us;
  result.limits = SendLimits::of(facts, result.limits.elapsed_us);
  return result;
}

}  // namespace weir::load
