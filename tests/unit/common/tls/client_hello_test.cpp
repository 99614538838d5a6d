#include "common/tls/client_hello.hpp"

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace weir::tls {
namespace {

using Status = ClientHelloParse::Status;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

ClientHelloParse parse(std::string_view text) { return parse_client_hello(std::as_bytes(std::span(text))); }

std::string number(std::size_t value, int width) {
  std::string bytes;
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

/// Bytes behind their length of `width` bytes.
std::string vector(int width, const std::string& bytes) { return number(bytes.size(), width) + bytes; }

std::string record(const std::string& payload, int type = 22) {
  return static_cast<char>(type) + "\3\1"s + vector(2, payload);
}

std::string extension(std::size_t type, const std::string& data) { return number(type, 2) + vector(2, data); }

std::string host(const std::string& name) { return "\0"s + vector(2, name); }

std::string sni(const std::string& name) { return extension(0, vector(2, host(name))); }

/// A hello's message with these extensions.
std::string message_with(const std::string& extensions) {
  const std::string body = "\3\3" + std::string(32, 'r') + vector(1, std::string(32, 's')) +
                           vector(2, "\x0a\x0a\x13\x01\xc0\x2b") + vector(1, "\0"s) + vector(2, extensions);
  return "\1" + vector(3, body);
}

std::string hello_with(const std::string& extensions) { return record(message_with(extensions)); }

/// A hello of exactly this many bytes, most of them in an extension of padding (RFC 7685).
std::string message_of(std::size_t size) {
  const std::size_t others = message_with(sni("long.example") + extension(21, "")).size();
  return message_with(sni("long.example") + extension(21, std::string(size - others, '\0')));
}

/// The message cut into records of these many bytes each.
std::string in_records_of(std::size_t each, const std::string& message) {
  std::string bytes;
  for (std::size_t at = 0; at < message.size(); at += each) bytes += record(message.substr(at, each));
  return bytes;
}

std::string in_records_of(const std::vector<std::size_t>& sizes, const std::string& message) {
  std::string bytes;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    bytes += record(message.substr(at, size));
    at += size;
  }
  return bytes;
}

struct OpensslClient {
  const char* server_name = nullptr;
  std::string alpn;  ///< as it goes over the wire
  int lowest = 0;
  int highest = 0;

  /// The bytes that it begins with.
  std::string hello() const {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_min_proto_version(ssl.get(), lowest);
    SSL_set_max_proto_version(ssl.get(), highest);
    if (server_name != nullptr) {
      // SSL_set_tlsext_host_name(3), a macro with a cast of C.
      SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(server_name));
    }
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    SSL_connect(ssl.get());
    std::array<char, 8192> bytes;
    const int size = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    return {bytes.data(), static_cast<std::size_t>(std::max(size, 0))};
  }
};

/// What real clients send, and a post-quantum one, whose key share of X25519MLKEM768 has 1,216 bytes.
std::vector<std::string> real_hellos() {
  const std::string share =
      extension(51, vector(2, "\x3a\x3a" + vector(2, "\0"s) + number(0x11ec, 2) + vector(2, std::string(1216, 'k')) +
                                  number(0x1d, 2) + vector(2, std::string(32, 'k'))));
  return {
      OpensslClient{"db.example", "\x02h2\x08http/1.1", 0, 0}.hello(),
      OpensslClient{"db.example", "", TLS1_2_VERSION, TLS1_2_VERSION}.hello(),
      OpensslClient{nullptr, "\x0apostgresql", TLS1_3_VERSION, TLS1_3_VERSION}.hello(),
      OpensslClient{nullptr, "", 0, 0}.hello(),
      hello_with(extension(0x0a0a, "") + sni("db.example") + share + extension(0x1a1a, "\0"s)),
  };
}

/// It is complete with its last byte, and before that more is wanted, at every cut into two segments and more.
void expect_complete_at_its_end(const std::string& bytes, const ClientHello& hello) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const ClientHelloParse part = parse(bytes.substr(0, size));
    ASSERT_EQ(part.status, Status::incomplete) << "after " << size << " bytes: " << part.problem;
    ASSERT_EQ(part.hello, ClientHello());
    ASSERT_GT(part.at_least, size);
    ASSERT_LE(part.at_least, bytes.size());
  }
  for (const char* behind : {"", "\x14\3\3\0\1\1", "anything"}) {
    const ClientHelloParse whole = parse(bytes + behind);
    ASSERT_EQ(whole.status, Status::complete) << whole.problem;
    ASSERT_EQ(whole.size, bytes.size());
    ASSERT_EQ(whole.hello, hello);
  }
}

TEST(ClientHello, OfOpensslSaysWhomItWants) {
  const ClientHelloParse both = parse(OpensslClient{"DB.Example", "\x02h2\x08http/1.1", 0, 0}.hello());
  ASSERT_EQ(both.status, Status::complete) << both.problem;
  EXPECT_EQ(both.hello.server_name, "db.example");
  EXPECT_THAT(both.hello.alpn, ElementsAre("h2", "http/1.1"));
  EXPECT_TRUE(both.hello.offers_tls13);

  const ClientHelloParse old = parse(OpensslClient{"db.example", "", TLS1_2_VERSION, TLS1_2_VERSION}.hello());
  ASSERT_EQ(old.status, Status::complete) << old.problem;
  EXPECT_EQ(old.hello.server_name, "db.example");
  EXPECT_THAT(old.hello.alpn, IsEmpty());
  EXPECT_FALSE(old.hello.offers_tls13);

  const ClientHelloParse nobody = parse(OpensslClient{nullptr, "\x0apostgresql", TLS1_3_VERSION, 0}.hello());
  ASSERT_EQ(nobody.status, Status::complete) << nobody.problem;
  EXPECT_EQ(nobody.hello.server_name, "");
  EXPECT_THAT(nobody.hello.alpn, ElementsAre("postgresql"));
  EXPECT_TRUE(nobody.hello.offers_tls13);
}

TEST(ClientHello, IsCompleteWithItsLastByteOnly) {
  for (const std::string& bytes : real_hellos()) expect_complete_at_its_end(bytes, parse(bytes).hello);
}

TEST(ClientHello, ComesInAnyTwoRecords) {
  for (const std::string& bytes : real_hellos()) {
    const ClientHello hello = parse(bytes).hello;
    const std::string message = bytes.substr(5);
    for (std::size_t cut = 1; cut < message.size(); ++cut) {
      const std::string two = in_records_of({cut, message.size() - cut}, message);
      const ClientHelloParse whole = parse(two);
      ASSERT_EQ(whole.status, Status::complete) << "cut after " << cut << ": " << whole.problem;
      ASSERT_EQ(whole.size, two.size());
      ASSERT_EQ(whole.hello, hello);
      // About where one record ends and the next begins.
      for (std::size_t size = cut; size < cut + 12; ++size) {
        const ClientHelloParse part = parse(two.substr(0, size));
        ASSERT_EQ(part.status, size == two.size() ? Status::complete : Status::incomplete) << part.problem;
      }
    }
  }
}

TEST(ClientHello, ComesInRecordsOfOneByteEach) {
  for (const std::string& bytes : real_hellos()) {
    expect_complete_at_its_end(in_records_of(1, bytes.substr(5)), parse(bytes).hello);
  }
}

TEST(ClientHello, ComesInAnyRecordsAndSegments) {
  std::mt19937 random(7);
  const std::vector<std::string> hellos = real_hellos();
  for (int round = 0; round < 300; ++round) {
    const std::string& bytes = hellos[random() % hellos.size()];
    const std::string message = bytes.substr(5);
    std::vector<std::size_t> sizes;
    for (std::size_t left = message.size(); left > 0; left -= sizes.back()) {
      sizes.push_back(std::min<std::size_t>(left, 1 + random() % (1 + random() % 700)));
    }
    const std::string cut = in_records_of(sizes, message);
    ASSERT_EQ(parse(cut).hello, parse(bytes).hello);
    // A caller that waits for what is missing comes to the end.
    std::size_t size = 0;
    for (ClientHelloParse part = parse(""); part.status == Status::incomplete; part = parse(cut.substr(0, size))) {
      ASSERT_GT(part.at_least, size);
      size = part.at_least;
    }
    EXPECT_EQ(size, cut.size());
  }
}

TEST(ClientHello, HasAtMost16KiB) {
  const std::string longest = message_of(kLongestClientHello);
  ASSERT_EQ(longest.size(), 16384u);
  const ClientHelloParse in_one = parse(record(longest));
  ASSERT_EQ(in_one.status, Status::complete) << in_one.problem;
  EXPECT_EQ(in_one.hello.server_name, "long.example");
  const ClientHelloParse in_many = parse(in_records_of(6, longest));
  ASSERT_EQ(in_many.status, Status::complete) << in_many.problem;
  EXPECT_EQ(in_many.hello.server_name, "long.example");

  const std::string too_long = message_of(kLongestClientHello + 1);
  const std::string cut = in_records_of(16384, too_long);
  for (std::size_t size = 0; size <= cut.size(); ++size) {
    // It is said as soon as its length is there, and not taken back.
    ASSERT_EQ(parse(cut.substr(0, size)).status, size < 9 ? Status::incomplete : Status::too_long) << size;
  }
  EXPECT_EQ(parse(record("\1\xff\xff\xff")).status, Status::too_long);
}

TEST(ClientHello, HasAtMost32KiBOfRecords) {
  const std::string small = message_of(5461);
  const std::string many = in_records_of(1, small);
  ASSERT_LE(many.size(), kLongestHelloBytes);
  EXPECT_EQ(parse(many).status, Status::complete);
  const std::string more = in_records_of(1, message_of(5462));
  ASSERT_GT(more.size(), kLongestHelloBytes);
  EXPECT_EQ(parse(more).status, Status::too_long);
  EXPECT_EQ(parse(more.substr(0, kLongestHelloBytes)).status, Status::too_long);
  // Once the rest does not fit in, whatever the records to come are like: 16 KiB hold the headers of 3,276.
  const std::string wasted = in_records_of(1, message_of(16384));
  std::size_t held = 0;
  while (parse(wasted.substr(0, held)).status == Status::incomplete) ++held;
  EXPECT_EQ(held, 3275u * 6 + 5);
  for (std::size_t size = held; size < wasted.size(); size += 997) {
    ASSERT_EQ(parse(wasted.substr(0, size)).status, Status::too_long);
  }
}

TEST(ClientHello, WhatIsNotTlsIsToldByItsFirstBytes) {
  const std::string sslv2 = "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"s;
  for (const std::string& plain :
       {"GET / HTTP/1.1\r\n"s, "SSH-2.0-OpenSSH_9.2\r\n"s, "\0\0\0\x08\x04\xd2\x16\x2f"s, sslv2, "\x16"s + "ab"s,
        "\x16\x03\x05"s, "\x16\x02\x00"s, "\x15\x03\x01\0\2\1\0"s, "\x17\x03\x03\0\1a"s, "\n"s}) {
    bool told = false;
    for (std::size_t size = 1; size <= plain.size(); ++size) {
      const Status status = parse(plain.substr(0, size)).status;
      ASSERT_TRUE(status == Status::not_tls || (status == Status::incomplete && !told && size < 3))
          << testing::PrintToString(plain);
      told = status == Status::not_tls;
    }
    EXPECT_TRUE(told);
    EXPECT_EQ(parse(plain + std::string(100'000, 'x')).status, Status::not_tls) << "not too long";
  }
  EXPECT_EQ(parse(record("\2\0\0\x26"s)).status, Status::not_tls) << "a ServerHello";
  EXPECT_EQ(parse("\x16\3\1\0\x50\2"s).status, Status::not_tls) << "told as soon as its type is there";
}

TEST(ClientHello, RecordsAreThoseOfAHandshake) {
  const std::string message = message_with(sni("db.example"));
  const std::string first = record(message.substr(0, 20));
  const std::string second = record(message.substr(20));
  ASSERT_EQ(parse(first + second).status, Status::complete);
  EXPECT_EQ(parse(first + record("") + second).status, Status::invalid) << "an empty one";
  EXPECT_EQ(parse(record("") + first + second).status, Status::invalid) << "an empty one first";
  EXPECT_EQ(parse(first + record("\1\0"s, 21) + second).status, Status::invalid) << "an alert amid it";
  EXPECT_EQ(parse(first + record("\1", 20) + second).status, Status::invalid) << "a ChangeCipherSpec amid it";
  EXPECT_EQ(parse(first + "\x17").status, Status::invalid) << "told by its first byte";
  EXPECT_EQ(parse(first + "\x16\2").status, Status::invalid) << "of another version";
  EXPECT_EQ(parse(first + "\x16\3\1\x40\1").status, Status::invalid) << "longer than 2^14 bytes";
  EXPECT_EQ(parse("\x16\3\1\x40\1\1").status, Status::invalid) << "the first longer than 2^14 bytes";
  EXPECT_EQ(parse(record(message + "\1")).status, Status::invalid) << "something follows it";
  EXPECT_EQ(parse(first + record(message.substr(20) + message)).status, Status::invalid) << "another follows it";
  // The versions of records say nothing (RFC 8446, 5.1).
  for (char minor = 0; minor <= 4; ++minor) {
    std::string other = first + second;
    other[first.size() + 2] = minor;
    other[2] = static_cast<char>(4 - minor);
    EXPECT_EQ(parse(other).status, Status::complete);
  }
}

TEST(ClientHello, WithoutExtensionsIsOneOfOldClients) {
  const std::string bare =
      "\3\1" + std::string(32, 'r') + vector(1, "") + vector(2, "\0\x2f"s) + vector(1, "\0"s);  // RFC 5246, 7.4.1.2
  const ClientHelloParse old = parse(record("\1" + vector(3, bare)));
  ASSERT_EQ(old.status, Status::complete) << old.problem;
  EXPECT_EQ(old.hello, ClientHello());
  EXPECT_EQ(parse(record("\1" + vector(3, bare + "\0\0"s))).status, Status::complete) << "with none in their list";
  EXPECT_EQ(parse(record("\1" + vector(3, bare + "\0"s))).status, Status::invalid) << "with half a length";
  EXPECT_EQ(parse(record("\1" + vector(3, bare + "\0\0x"s))).status, Status::invalid) << "with something behind";
  EXPECT_EQ(parse(record("\1" + vector(3, bare.substr(0, 40)))).status, Status::invalid) << "too short";
  EXPECT_EQ(parse("\x16\3\1\x01\0\1\0\0\x28"s).status, Status::invalid) << "too short is told by its length";
}

TEST(ClientHello, OfWrongLengthsIsInvalid) {
  const std::string begin = "\3\3" + std::string(32, 'r');
  const std::string ciphers = vector(2, "\x13\x01");
  const std::string none = vector(1, "\0"s);
  const auto status = [](const std::string& body) { return parse(record("\1" + vector(3, body))).status; };
  ASSERT_EQ(status(begin + vector(1, "") + ciphers + none), Status::complete);
  EXPECT_EQ(status("\2\0"s + std::string(32, 'r') + vector(1, "") + ciphers + none), Status::invalid) << "version 2";
  EXPECT_EQ(status(begin + vector(1, std::string(33, 's')) + ciphers + none), Status::invalid) << "long session";
  EXPECT_EQ(status(begin + vector(1, "") + vector(2, "") + none + "\0\0"s), Status::invalid) << "no ciphers";
  EXPECT_EQ(status(begin + vector(1, "") + vector(2, "abc") + none), Status::invalid) << "half a cipher";
  EXPECT_EQ(status(begin + vector(1, "") + ciphers + vector(1, "") + "\0\0"s), Status::invalid) << "no compression";
  EXPECT_EQ(status(begin + vector(1, "") + ciphers + "\2\0"s), Status::invalid) << "beyond the end";

  EXPECT_EQ(parse(hello_with(sni("a.example") + "\0\x17\0\1"s)).status, Status::invalid) << "extension beyond the end";
  EXPECT_EQ(parse(hello_with(sni("a.example") + "\0\x17\0"s)).status, Status::invalid) << "half an extension";
  EXPECT_EQ(parse(hello_with(extension(43, vector(1, "\3\4\3")))).status, Status::invalid) << "half a version";
  EXPECT_EQ(parse(hello_with(extension(43, vector(1, "")))).status, Status::invalid) << "no version";
  EXPECT_EQ(parse(hello_with(extension(43, ""))).status, Status::invalid) << "no list of versions";
  EXPECT_EQ(parse(hello_with(extension(43, vector(1, "\3\4") + "\3\3"))).status, Status::invalid) << "behind the list";
  EXPECT_TRUE(parse(hello_with(extension(43, vector(1, "\x1a\x1a\3\4\3\3")))).hello.offers_tls13);
  EXPECT_FALSE(parse(hello_with(extension(43, vector(1, "\x1a\x1a\3\3")))).hello.offers_tls13);
}

TEST(ClientHello, WhatIsWrongIsToldAsSoonAsItHasCome) {
  // What follows the session has not come, and would never make it right.
  const std::string bytes = record("\1\0\1\0\3\3"s + std::string(32, 'r') + "\x21" + std::string(217, 's'));
  EXPECT_EQ(parse(bytes.substr(0, 5 + 4 + 34)).status, Status::incomplete);
  EXPECT_EQ(parse(bytes.substr(0, 5 + 4 + 34 + 1)).status, Status::invalid);
}

TEST(ClientHello, SkipsWhatItDoesNotKnow) {
  const ClientHelloParse one = parse(hello_with(extension(0x0a0a, "") + extension(0xfe0d, std::string(200, 'e')) +
                                                sni("db.example") + extension(0xfafa, "\0"s)));
  ASSERT_EQ(one.status, Status::complete) << one.problem;
  EXPECT_EQ(one.hello.server_name, "db.example");
}

TEST(ClientHello, NoExtensionMayStandTwice) {
  for (const std::size_t type : {std::size_t{16}, std::size_t{23}, std::size_t{0x0a0a}, std::size_t{0xffff}}) {
    const std::string one = extension(type, type == 16 ? vector(2, vector(1, "h2")) : "");
    ASSERT_EQ(parse(hello_with(one)).status, Status::complete);
    EXPECT_EQ(parse(hello_with(one + sni("db.example") + one)).status, Status::invalid) << type;
  }
  EXPECT_EQ(parse(hello_with(sni("a.example") + sni("a.example"))).status, Status::invalid);
}

TEST(ClientHello, NameIsComparableToThoseOfCertificates) {
  const auto name = [](const std::string& given) { return parse(hello_with(sni(given))).hello.server_name; };
  EXPECT_EQ(name("DB.Example.COM"), "db.example.com");
  EXPECT_EQ(name("AZ[@`{-az"), "az[@`{-az") << "letters alone have a case";
  EXPECT_EQ(name("db.example."), "db.example") << "a dot at the end is against the rules, and means the same";
  EXPECT_EQ(name("_svc.xn--bcher-kva.example"), "_svc.xn--bcher-kva.example");
  EXPECT_EQ(name("localhost"), "localhost");
  EXPECT_EQ(name(std::string(255, 'a')), std::string(255, 'a'));
  EXPECT_EQ(name("12.34"), "12.34") << "no address";
  EXPECT_EQ(name("1.2.3.4.example"), "1.2.3.4.example");
}

TEST(ClientHello, AnAddressIsNoName) {
  for (const char* address : {"192.0.2.1", "192.0.2.1.", "2001:db8::1", "[2001:DB8::1]", "fe80::1%eth0", "::"}) {
    const ClientHelloParse one = parse(hello_with(sni(address)));
    ASSERT_EQ(one.status, Status::complete) << address << one.problem;
    EXPECT_EQ(one.hello.server_name, "") << address;
  }
}

TEST(ClientHello, WhatIsNoNameIsInvalid) {
  for (const std::string& name :
       {""s, "."s, ".."s, ".example"s, "db..example"s, "db.example.."s, "db.example\0"s, "db\0.example"s,
        "db.exa\nmple"s, "db example"s, "b\xc3\xbc"s + "cher.example", "db.example\x7f"s, std::string(256, 'a')}) {
    EXPECT_EQ(parse(hello_with(sni(name))).status, Status::invalid) << testing::PrintToString(name);
  }
}

TEST(ClientHello, ListOfNamesHasOneHost) {
  const auto with = [](const std::string& data) { return parse(hello_with(extension(0, data))); };
  EXPECT_EQ(with("").status, Status::invalid) << "no list";
  EXPECT_EQ(with(vector(2, "")).status, Status::invalid) << "an empty list";
  EXPECT_EQ(with(vector(2, host("a.example") + host("b.example"))).status, Status::invalid) << "two hosts";
  EXPECT_EQ(with(vector(2, host("192.0.2.1") + host("b.example"))).status, Status::invalid) << "two, one an address";
  EXPECT_EQ(with(vector(2, host("a.example")) + "x").status, Status::invalid) << "something behind the list";
  EXPECT_EQ(with(vector(2, host("a.example") + "\0\0"s)).status, Status::invalid) << "half a name";
  EXPECT_EQ(with(vector(2, "\0\0\x20"s + "a.example")).status, Status::invalid) << "a name beyond the list";
  EXPECT_EQ(with("\0\x20"s + host("a.example")).status, Status::invalid) << "a list beyond the extension";
  const ClientHelloParse other = with(vector(2, "\7" + vector(2, "\0what"s) + host("a.example")));
  ASSERT_EQ(other.status, Status::complete) << other.problem;
  EXPECT_EQ(other.hello.server_name, "a.example") << "beside a name of another type";
}

TEST(ClientHello, ListOfProtocolsHasNoneWithoutAName) {
  const auto with = [](const std::string& data) { return parse(hello_with(extension(16, data))); };
  EXPECT_THAT(with(vector(2, vector(1, "h2") + vector(1, "\x0a\0"s) + vector(1, "h2"))).hello.alpn,
              ElementsAre("h2", "\x0a\0"s, "h2"));
  EXPECT_THAT(with(vector(2, vector(1, std::string(255, 'p')))).hello.alpn, ElementsAre(std::string(255, 'p')));
  EXPECT_EQ(with("").status, Status::invalid) << "no list";
  EXPECT_EQ(with(vector(2, "")).status, Status::invalid) << "an empty list";
  EXPECT_EQ(with(vector(2, vector(1, "h2") + vector(1, ""))).status, Status::invalid) << "an empty name";
  EXPECT_EQ(with(vector(2, vector(1, "h2") + "\2h")).status, Status::invalid) << "a name beyond the list";
  EXPECT_EQ(with(vector(2, vector(1, "h2")) + "x").status, Status::invalid) << "something behind the list";
  std::string many;
  for (std::size_t i = 0; i < kMostProtocols; ++i) many += vector(1, "p");
  EXPECT_EQ(with(vector(2, many)).hello.alpn.size(), kMostProtocols);
  EXPECT_EQ(with(vector(2, many + vector(1, "p"))).status, Status::invalid) << "too many";
}

/// A server of OpenSSL, which shows what it makes of a hello and goes no further.
class OpensslServer {
 public:
  OpensslServer() : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX_set_client_hello_cb(context_.get(), take, this);
  }

  /// Whether it takes the bytes for a hello; `name` is then its extension of names as it came, otherwise `reason` says
  /// why not (SSL_R_…).
  bool reads(const std::string& bytes) {
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), SSL_free);
    BIO* in = BIO_new(BIO_s_mem());
    BIO_write(in, bytes.data(), static_cast<int>(bytes.size()));
    SSL_set_bio(ssl.get(), in, BIO_new(BIO_s_mem()));
    read_ = false;
    name.clear();
    SSL_accept(ssl.get());
    reason = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    return read_;
  }

  std::string name;
  int reason = 0;

 private:
  static int take(SSL* ssl, int* alert, void* self) {
    auto& server = *static_cast<OpensslServer*>(self);
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    server.read_ = true;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) == 1) {
      server.name.assign(reinterpret_cast<const char*>(data), size);
    }
    *alert = SSL_AD_USER_CANCELLED;
    return SSL_CLIENT_HELLO_ERROR;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  bool read_ = false;
};

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

/// Changes a few bytes, more often than not of the first, where most of the lengths are.
void change(std::string& bytes, std::mt19937& random) {
  for (int changes = static_cast<int>(random() % 4); changes >= 0 && !bytes.empty(); --changes) {
    const std::size_t at = random() % (random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 80) : bytes.size());
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 2:
        bytes.erase(at, 1 + random() % 4);
        break;
      default:
        bytes.insert(at, 1 + random() % 4, static_cast<char>(random()));
        break;
    }
  }
}

TEST(ClientHello, OpensslReadsWhateverCutsAreReadHere) {
  OpensslServer server;
  for (const std::string& bytes : real_hellos()) {
    const std::string message = bytes.substr(5);
    ASSERT_TRUE(server.reads(bytes));
    EXPECT_TRUE(server.reads(in_records_of(1, message)));
    for (std::size_t cut = 1; cut < message.size(); ++cut) {
      ASSERT_TRUE(server.reads(in_records_of({cut, message.size() - cut}, message))) << cut;
    }
  }
}

TEST(ClientHello, WhatIsAHelloHereIsTheSameToOpenssl) {
  OpensslServer server;
  std::mt19937 random(11);
  const std::vector<std::string> hellos = real_hellos();
  int complete = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = hellos[random() % hellos.size()];
    change(bytes, random);
    const ClientHelloParse own = parse(bytes);
    const bool read = server.reads(bytes);
    if (own.status != Status::complete) continue;
    // An extension where it may not stand is for who answers to judge.
    if (!read && server.reason == SSL_R_BAD_EXTENSION) continue;
    ++complete;
    ASSERT_TRUE(read) << "round " << round << ": " << server.reason;
    ASSERT_NE(lower(server.name).find(own.hello.server_name), std::string::npos) << "round " << round;
  }
  EXPECT_GT(complete, 1000) << "changes that spoil nothing";
}

/// What holds of any bytes, and of what they begin with.
void expect_sound(const std::string& bytes, Status& before) {
  const ClientHelloParse one = parse(bytes);
  ASSERT_LE(one.size, bytes.size());
  ASSERT_EQ(one.size > 0, one.status == Status::complete);
  ASSERT_EQ(one.problem.empty(), one.status == Status::complete || one.status == Status::incomplete);
  ASSERT_EQ(one.at_least > bytes.size(), one.status == Status::incomplete);
  ASSERT_LE(one.at_least, kLongestHelloBytes);
  ASSERT_TRUE(one.status == Status::complete || one.hello == ClientHello());
  ASSERT_TRUE(before == Status::incomplete || one.status == before) << "more bytes changed what was found";
  before = one.status;
}

TEST(ClientHello, AnyBytesEndInOneFinding) {
  std::mt19937 random(20);
  std::vector<std::string> hellos = real_hellos();
  hellos.push_back(in_records_of(7, hellos.front().substr(5)));
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = hellos[random() % hellos.size()];
    change(bytes, random);
    if (round % 10 == 0) {
      bytes.resize(random() % 200);
      for (char& byte : bytes) byte = static_cast<char>(random());
    }
    Status status = Status::incomplete;
    for (std::size_t size = 0; size < bytes.size(); size += 1 + random() % 40) {
      ASSERT_NO_FATAL_FAILURE(expect_sound(bytes.substr(0, size), status)) << "round " << round;
    }
    ASSERT_NO_FATAL_FAILURE(expect_sound(bytes, status)) << "round " << round;
  }
}

}  // namespace
}  // namespace weir::tls
