// The first message of a TLS client as it comes, whole and in pieces, and cut into other records.

#include <algorithm>
#include <span>
#include <string>

#include "common/printable.hpp"
#include "common/tls/client_hello.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace weir::fuzz {
namespace {

using tls::ClientHello;
using tls::ClientHelloParse;
using Status = ClientHelloParse::Status;

constexpr std::size_t kRecordHead = 5;

ClientHelloParse parse(std::string_view bytes) { return tls::parse_client_hello(std::as_bytes(std::span(bytes))); }

void check_one(std::string_view bytes, const ClientHelloParse& one) {
  const bool refused = one.status != Status::incomplete && one.status != Status::complete;
  require(refused == !one.problem.empty(), "what is wrong is said");
  require((one.size > 0) == (one.status == Status::complete) && one.size <= bytes.size(), "a hello is what came of it");
  require((one.at_least > bytes.size()) == (one.status == Status::incomplete), "more is wanted while it is incomplete");
  require(one.at_least <= tls::kLongestHelloBytes, "a hello ends within its bound");
  require(one.status == Status::complete || one.hello == ClientHello(), "only a whole hello says anything");
}

void check_prefix(std::string_view prefix, const ClientHelloParse& whole) {
  const ClientHelloParse part = parse(prefix);
  check_one(prefix, part);
  if (part.status != Status::incomplete) {
    require(part.status == whole.status && part.size == whole.size && part.hello == whole.hello,
            "what was found stays so, whatever follows");
  } else if (whole.status == Status::complete) {
    require(prefix.size() < whole.size && part.at_least <= whole.size, "a hello is complete with its last byte");
  }
}

void check_prefixes(std::string_view input, const ClientHelloParse& whole) {
  // All of the first header and of the message's, then ever fewer, for an input of many records takes long.
  for (std::size_t size = 0; size < input.size(); size += 1 + size / 32) check_prefix(input.substr(0, size), whole);
  for (const std::size_t size : {input.size() / 2, input.size() - input.size() / 4, input.size(), whole.size}) {
    check_prefix(input.substr(0, size), whole);
    if (size > 0) check_prefix(input.substr(0, size - 1), whole);
  }
}

void check_hello(const ClientHello& hello) {
  const std::string& name = hello.server_name;
  require(name.size() <= 255 && !has_control(name) && !name.ends_with('.') && !name.starts_with('.'),
          "a name is fit for comparing");
  require(std::none_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c < 0; }),
          "a name is of small letters of ASCII");
  require(hello.alpn.size() <= tls::kMostProtocols, "protocols are bounded");
  for (const std::string& protocol : hello.alpn) require(!protocol.empty(), "a protocol has a name");
}

/// The handshake message out of its records.
std::string message_of(std::string_view records) {
  std::string message;
  while (!records.empty()) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(records[at]); };
    const std::size_t size = static_cast<std::size_t>(byte(3)) << 8 | byte(4);
    message += records.substr(kRecordHead, size);
    records.remove_prefix(kRecordHead + size);
  }
  return message;
}

std::string in_records_of(std::size_t each, std::string_view message) {
  std::string bytes;
  for (std::size_t at = 0; at < message.size(); at += each) {
    const std::string_view part = message.substr(at, each);
    bytes += {'\x16', '\3', '\1', static_cast<char>(part.size() >> 8), static_cast<char>(part.size() & 0xff)};
    bytes += part;
  }
  return bytes;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::fuzz;
  const std::string_view input = as_text(data, size);
  const ClientHelloParse whole = parse(input);
  check_one(input, whole);
  check_prefixes(input, whole);
  if (whole.status != Status::complete) return 0;
  check_hello(whole.hello);
  const std::string message = message_of(input.substr(0, whole.size));
  require(message.size() <= weir::tls::kLongestClientHello, "a hello has 16 KiB at most");
  for (const std::size_t each :
       {std::size_t{1}, std::size_t{3}, std::size_t{100}, message.size() - 1, message.size()}) {
    const std::string cut = in_records_of(each, message);
    const ClientHelloParse other = parse(cut);
    if (cut.size() > weir::tls::kLongestHelloBytes) {
      require(other.status == Status::too_long, "all records together are bounded");
    } else {
      require(other.status == Status::complete && other.size == cut.size() && other.hello == whole.hello,
              "it says the same in whatever records it comes");
    }
  }
  return 0;
}
