#include "common/tls/client_hello.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

namespace weir::tls {

namespace {

using HelloStatus = ClientHelloParse::Status;

constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kLongestRecord = 16 * 1024;  // of a plain one (RFC 8446, 5.1)
constexpr unsigned kRecordOfHandshake = 22;
constexpr std::size_t kMessageHead = 4;
constexpr unsigned kMessageClientHello = 1;
// Its header, a version, 32 random bytes, no session, one cipher, one compression, no extensions.
constexpr std::size_t kShortestHello = kMessageHead + 2 + 32 + 1 + (2 + 2) + (1 + 1);

// https://www.iana.org/assignments/tls-extensiontype-values
constexpr std::size_t kExtensionServerName = 0;
constexpr std::size_t kExtensionAlpn = 16;
constexpr std::size_t kExtensionVersions = 43;

constexpr std::size_t kLongestHostName = 255;  // of the DNS (RFC 1035, 2.3.4); OpenSSL refuses longer ones too

/// Reads numbers and vectors (RFC 8446, 3.4) of a message that may still be on its way, but whose length is known. What
/// is wrong is found as soon as it has come; what has not come yet stops the reading.
class HelloReader {
 public:
  /// What all readers of one message share. The first finding is the last.
  struct Message {
    std::span<const std::byte> come;
    bool is_cut = false;  ///< what was to be read next has not come yet
    std::string_view problem{};

    bool goes_on() const { return !is_cut && problem.empty(); }
    void refuse_if(bool wrong, std::string_view what) {
      if (wrong && goes_on()) problem = what;
    }
  };

  /// Of the bytes from `at` to `end`, which need not have come.
  HelloReader(Message& message, std::size_t at, std::size_t end) : message_(message), at_(at), end_(end) {}

  std::size_t left() const { return end_ - at_; }
  bool has_next() const { return left() > 0 && message_.goes_on(); }

  /// Refuses the message unless so many bytes follow.
  bool expect(std::size_t size) {
    message_.refuse_if(left() < size, "a length in it is wrong");
    return message_.goes_on();
  }

  void skip(std::size_t size) {
    if (expect(size)) at_ += size;
  }

  /// 0 when it cannot be read.
  std::size_t number(std::size_t width) {
    std::size_t number = 0;
    for (const std::byte byte : take(width)) number = number << 8 | std::to_integer<std::size_t>(byte);
    return number;
  }

  /// What stands behind a length of `width` bytes. Empty when it cannot be read.
  HelloReader vector(std::size_t width) {
    const std::size_t size = number(width);
    if (!expect(size)) return {message_, end_, end_};
    const std::size_t begin = at_;
    at_ += size;
    return {message_, begin, at_};
  }

  /// All that is left. Empty when it has not come.
  std::string_view text() {
    const std::span<const std::byte> bytes = take(left());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (!expect(size)) return {};
    if (message_.come.size() < at_ + size) {
      message_.is_cut = true;
      return {};
    }
    at_ += size;
    return message_.come.subspan(at_ - size, size);
  }

  Message& message_;
  std::size_t at_;
  std::size_t end_;
};

using HelloMessage = HelloReader::Message;

/// RFC 6066, section 3: ASCII, and no port, no blank, nothing that a log or a terminal would stumble over.
bool can_be_host_name(std::string_view name) {
  const auto graphic = [](char c) { return c > ' ' && c < '\x7f'; };
  return !name.empty() && name.size() <= kLongestHostName && std::all_of(name.begin(), name.end(), graphic) &&
         name.front() != '.' && name.find("..") == std::string_view::npos;
}

/// An IP address as people write it, an IPv6 one in brackets or with its zone too.
bool is_ip_literal(std::string name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  name = name.substr(0, name.find('%'));
  in6_addr address;
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1 || ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

/// RFC 6066, section 3. A list may name one host only; names of other types, which nobody has defined since, begin with
/// a length of 16 bits as that of a host does, and are skipped.
void read_server_name(HelloMessage& message, HelloReader extension, std::string& server_name) {
  HelloReader names = extension.vector(2);
  message.refuse_if(extension.left() > 0 || names.left() == 0, "its list of server names is wrong");
  bool named = false;
  while (names.has_next()) {
    const bool is_host = names.number(1) == 0;
    HelloReader name = names.vector(2);
    if (!message.goes_on() || !is_host) continue;
    message.refuse_if(named, "it asks for two host names");
    named = true;
    std::string host(name.text());
    message.refuse_if(!can_be_host_name(host), "the host name that it asks for is none");
    if (!message.goes_on()) return;
    if (host.ends_with('.')) host.pop_back();
    if (is_ip_literal(host)) continue;
    // Not the locale's: a name's letters are those of ASCII (RFC 4343).
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    std::transform(host.begin(), host.end(), host.begin(), lower);
    server_name = std::move(host);
  }
}

/// RFC 7301, 3.1: at least one name, and none that is empty.
void read_alpn(HelloMessage& message, HelloReader extension, std::vector<std::string>& alpn) {
  HelloReader names = extension.vector(2);
  message.refuse_if(extension.left() > 0 || names.left() == 0, "its list of protocols is wrong");
  while (names.has_next()) {
    HelloReader name = names.vector(1);
    message.refuse_if(name.left() == 0, "it offers a protocol without a name");
    message.refuse_if(alpn.size() == kMostProtocols, "it offers more than 64 protocols");
    const std::string_view text = name.text();
    if (message.goes_on()) alpn.emplace_back(text);
  }
}

/// RFC 8446, 4.2.1: at least one version.
void read_supported_versions(HelloMessage& message, HelloReader extension, bool& offers_tls13) {
  constexpr std::size_t kTls13 = 0x0304;
  HelloReader versions = extension.vector(1);
  message.refuse_if(extension.left() > 0 || versions.left() == 0 || versions.left() % 2 != 0,
                    "its list of versions is wrong");
  while (versions.has_next()) {
    if (versions.number(2) == kTls13) offers_tls13 = true;
  }
}

/// RFC 8446, 4.2: none may stand there twice, whatever it is; those that make no sense (GREASE, RFC 8701) are skipped
/// as all others are.
void read_extensions(HelloMessage& message, HelloReader extensions, ClientHello& hello) {
  std::bitset<0x10000> seen;
  while (extensions.has_next()) {
    extensions.expect(4);
    const std::size_t type = extensions.number(2);
    if (!message.goes_on()) return;
    message.refuse_if(seen[type], "an extension stands in it twice");
    seen.set(type);
    const HelloReader extension = extensions.vector(2);
    if (!message.goes_on()) return;
    if (type == kExtensionServerName) read_server_name(message, extension, hello.server_name);
    if (type == kExtensionAlpn) read_alpn(message, extension, hello.alpn);
    if (type == kExtensionVersions) read_supported_versions(message, extension, hello.offers_tls13);
  }
}

/// RFC 8446, 4.1.2; of a client that knows no TLS 1.3, RFC 5246, 7.4.1.2, which lets it have no extensions at all.
void read_hello(HelloMessage& message, std::size_t size, ClientHello& hello) {
  message.refuse_if(size < kShortestHello, "it is too short");
  HelloReader body(message, kMessageHead, size);
  const std::size_t version = body.number(2);
  message.refuse_if(version < 0x0300, "its version is none of TLS");
  body.skip(32);  // random
  const HelloReader session = body.vector(1);
  message.refuse_if(session.left() > 32, "its session is longer than 32 bytes");
  const HelloReader ciphers = body.vector(2);
  message.refuse_if(ciphers.left() == 0 || ciphers.left() % 2 != 0, "its list of ciphers is wrong");
  const HelloReader compressions = body.vector(1);
  message.refuse_if(compressions.left() == 0, "it offers no compression, not even none");
  if (!body.has_next()) return;
  const HelloReader extensions = body.vector(2);
  message.refuse_if(body.left() > 0, "something follows its extensions");
  read_extensions(message, extensions, hello);
}

/// A message taken out of its records, as far as it has come.
struct JoinedHello {
  HelloStatus status = HelloStatus::incomplete;
  std::string_view problem{};
  std::size_t size = 0;      ///< complete: bytes of the records
  std::size_t at_least = 0;  ///< incomplete: bytes that it takes
  std::size_t come = 0;      ///< bytes of the message
  std::size_t length = 0;    ///< of the message; 0 as long as it is unknown, or not worth knowing

  void end(HelloStatus as, std::string_view why) {
    status = as;
    problem = why;
  }
};

/// What is wrong with the header of a record, of which a part may have come.
std::string_view problem_of_record(std::span<const std::byte> head) {
  const auto at = [head](std::size_t index) { return std::to_integer<unsigned>(head[index]); };
  if (!head.empty() && at(0) != kRecordOfHandshake) return "it holds a record that is none of a handshake";
  // A version is a number of two bytes; that of a record is to be ignored but for its first (RFC 8446, 5.1 and D).
  if (head.size() > 1 && at(1) != 3) return "it holds a record that is none of TLS";
  if (head.size() > 2 && at(2) > 4) return "it holds a record that is none of TLS";
  return {};
}

/// Copies the message out of its records into `room`, which has kLongestClientHello bytes.
JoinedHello join_records(std::span<const std::byte> bytes, std::span<std::byte> room) {
  JoinedHello joined;
  for (std::size_t at = 0;;) {
    const std::size_t missing = std::max(joined.length, kShortestHello) - joined.come;
    const std::span<const std::byte> head = bytes.subspan(at, std::min(kRecordHead, bytes.size() - at));
    if (const std::string_view problem = problem_of_record(head); !problem.empty()) {
      // Where a hello has begun, nothing may stand between its records (RFC 8446, 5.1).
      joined.end(at == 0 ? HelloStatus::not_tls : HelloStatus::invalid,
                 at == 0 ? "it does not begin as a ClientHello" : problem);
      return joined;
    }
    joined.at_least = at + kRecordHead + missing;
    if (head.size() < kRecordHead) return joined;
    const std::size_t record = std::to_integer<std::size_t>(head[3]) << 8 | std::to_integer<std::size_t>(head[4]);
    if (record == 0 || record > kLongestRecord) {
      joined.end(HelloStatus::invalid, record == 0 ? "one of its records is empty" : "one of its records is too long");
      return joined;
    }
    if (record < missing) joined.at_least += kRecordHead;  // of one more record, if not more
    if (joined.at_least > kLongestHelloBytes) {
      joined.end(HelloStatus::too_long, "its records have more than 32 KiB");
      return joined;
    }
    at += kRecordHead;
    std::span<const std::byte> come = bytes.subspan(at, std::min(record, bytes.size() - at));
    const std::size_t end = joined.come + record;
    const auto take = [&](std::size_t until) {
      const std::size_t size = std::min(until - joined.come, come.size());
      std::copy_n(come.begin(), size, room.begin() + static_cast<std::ptrdiff_t>(joined.come));
      come = come.subspan(size);
      joined.come += size;
    };
    std::size_t length = joined.length;
    if (length == 0) {
      take(std::min(end, kMessageHead));
      if (joined.come > 0 && std::to_integer<unsigned>(room[0]) != kMessageClientHello) {
        joined.end(HelloStatus::not_tls, "its first message is no ClientHello");
        return joined;
      }
      if (joined.come == kMessageHead) {
        length = kMessageHead;
        for (std::size_t i = 1; i < kMessageHead; ++i) {
          length += std::to_integer<std::size_t>(room[i]) << 8 * (kMessageHead - 1 - i);
        }
      }
    }
    if (length > kLongestClientHello) {
      joined.end(HelloStatus::too_long, "it is longer than 16 KiB");
      return joined;
    }
    if (length != 0) {
      // Before it is answered, a client has nothing more to say in a handshake.
      if (end > length) {
        joined.end(HelloStatus::invalid, "something follows it in its record");
        return joined;
      }
      joined.length = length;
      take(end);
    }
    if (joined.come < end) {
      // How much is missing may have been found out only now.
      const std::size_t rest = std::max(joined.length, kShortestHello) - (end - record);
      joined.at_least = at + rest + (record < rest ? kRecordHead : 0);
      return joined;
    }
    at += record;
    if (joined.come == joined.length) {
      joined.status = HelloStatus::complete;
      joined.size = at;
      return joined;
    }
  }
}

}  // namespace

ClientHelloParse parse_client_hello(std::span<const std::byte> bytes) {
  std::array<std::byte, kLongestClientHello> room;  // not filled: most hellos need little of it
  const JoinedHello joined = join_records(bytes, room);
  ClientHelloParse parse{joined.status, joined.size, joined.at_least, joined.problem, {}};
  if (joined.length != 0) {
    // Before what is wrong with a later record, so that what was invalid stays so for the same reason.
    HelloMessage message{std::span(room).first(joined.come)};
    read_hello(message, joined.length, parse.hello);
    if (!message.problem.empty()) {
      parse.status = HelloStatus::invalid;
      parse.problem = message.problem;
    }
  }
  if (parse.status != HelloStatus::complete) {
    parse.hello = {};
    parse.size = 0;
  }
  if (parse.status != HelloStatus::incomplete) parse.at_least = 0;
  return parse;
}

}  // namespace weir::tls
