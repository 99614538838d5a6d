#include "common/tls/postgres_preamble.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace weir::tls {
namespace {

using Kind = PostgresPreamble;
using namespace std::string_literals;

PostgresPreambleParse parse(std::string_view text) { return parse_postgres_preamble(std::as_bytes(std::span(text))); }

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string packet(std::uint32_t code, const std::string& rest) {
  return number(static_cast<std::uint32_t>(8 + rest.size())) + number(code) + rest;
}

constexpr std::uint32_t kVersion30 = 196608;
constexpr std::uint32_t kVersion32 = 196610;
constexpr std::uint32_t kCancel = 80877102;

const std::string kSslRequest = "\0\0\0\x08\x04\xd2\x16\x2f"s;
const std::string kGssencRequest = "\0\0\0\x08\x04\xd2\x16\x30"s;
const std::string kStartup = packet(kVersion30, "user\0weir\0database\0db\0\0"s);

void expect_told_at(const std::string& bytes, std::size_t enough, Kind kind, std::size_t its) {
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const PostgresPreambleParse part = parse(bytes.substr(0, size));
    ASSERT_EQ(part.kind, size < enough ? Kind::incomplete : kind) << size << " bytes: " << part.problem;
    ASSERT_EQ(part.size, size < enough ? 0 : its);
    ASSERT_EQ(part.behind, 0u);
  }
}

TEST(PostgresPreamble, RequestsForEncryptionHaveEightBytes) {
  expect_told_at(kSslRequest, 8, Kind::ssl_request, 8);
  expect_told_at(kGssencRequest, 8, Kind::gssenc_request, 8);
}

TEST(PostgresPreamble, CountsWhatCameBehindARequest) {
  for (const std::string& request : {kSslRequest, kGssencRequest}) {
    for (const std::string& behind : {"\x16"s, kStartup, kSslRequest}) {
      const PostgresPreambleParse both = parse(request + behind);
      EXPECT_EQ(both.size, 8u);
      EXPECT_EQ(both.behind, behind.size());
    }
  }
  EXPECT_EQ(parse(kSslRequest + kStartup).kind, Kind::ssl_request);
  EXPECT_EQ(parse(kStartup + "more").behind, 0u) << "what is not answered before it goes on";
}

TEST(PostgresPreamble, RequestToCancelHasItsKey) {
  expect_told_at(packet(kCancel, "pid_key_"), 16, Kind::cancel_request, 16);
  const std::string longest = packet(kCancel, "pid_" + std::string(256, 'k'));  // of protocol 3.2
  ASSERT_EQ(longest.size(), kLongestPostgresPreamble);
  expect_told_at(longest, longest.size(), Kind::cancel_request, longest.size());
  EXPECT_EQ(parse(packet(kCancel, "pid_" + std::string(257, 'k')).substr(0, 8)).kind, Kind::invalid);
  EXPECT_EQ(parse(packet(kCancel, "pid_key")).kind, Kind::invalid) << "a key of three bytes";
}

TEST(PostgresPreamble, StartupIsToldByItsFirstEightBytes) {
  expect_told_at(kStartup, 8, Kind::startup, 8);
  expect_told_at(packet(kVersion32, "user\0weir\0\0"s), 8, Kind::startup, 8);
  expect_told_at(packet(0x0003270f, "user\0weir\0\0"s), 8, Kind::startup, 8);  // a minor that servers negotiate down
  EXPECT_EQ(parse(number(10'000) + number(kVersion30)).kind, Kind::startup);
  EXPECT_EQ(parse(number(10'001)).kind, Kind::invalid) << "longer than PostgreSQL takes";
  EXPECT_EQ(parse(number(9) + number(kVersion30)).kind, Kind::startup);
  EXPECT_EQ(parse(number(8) + number(kVersion30)).kind, Kind::invalid) << "without an end of its list";
}

TEST(PostgresPreamble, TlsIsToldByItsFirstByte) {
  const PostgresPreambleParse direct = parse("\x16\3\1\2\0\1"s);
  EXPECT_EQ(direct.kind, Kind::direct_tls);
  EXPECT_EQ(direct.size, 0u);
  EXPECT_EQ(parse("\x16").kind, Kind::direct_tls);
}

TEST(PostgresPreamble, WhatIsNothingOfItIsToldByTheFirstByteThatCannotBe) {
  struct Wrong {
    std::string bytes;
    std::size_t told;
  };
  for (const Wrong& wrong : {Wrong{"GET / HTTP/1.1\r\n", 1}, Wrong{"\x15\3\1\0\2\1\0"s, 1}, Wrong{"\0\1\0\0"s, 2},
                             Wrong{"\0\0\x28\0"s, 3}, Wrong{number(7) + number(kVersion30), 4},
                             Wrong{number(0) + number(kVersion30), 4}, Wrong{number(20) + number(0x00020000), 6},
                             Wrong{number(20) + number(0x00040000), 6}, Wrong{number(20) + number(0x04d21631), 8},
                             Wrong{number(9) + number(80877103), 8 - 3}, Wrong{number(12) + number(80877104), 8 - 3},
                             Wrong{number(16) + number(80877103), 8}, Wrong{number(8) + number(kCancel), 8}}) {
    for (std::size_t size = 0; size <= wrong.bytes.size(); ++size) {
      const PostgresPreambleParse part = parse(wrong.bytes.substr(0, size));
      ASSERT_EQ(part.kind, size < wrong.told ? Kind::incomplete : Kind::invalid)
          << testing::PrintToString(wrong.bytes) << " " << size;
      ASSERT_EQ(part.problem.empty(), size < wrong.told);
    }
  }
}

TEST(PostgresPreamble, AnyBytesEndInOneFinding) {
  std::mt19937 random(16);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = round % 3 == 0 ? kSslRequest : round % 3 == 1 ? packet(kCancel, "pid_key_more") : kStartup;
    for (int changes = static_cast<int>(random() % 3); changes >= 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 2 == 0 ? random() : random() % 17);
    }
    Kind before = Kind::incomplete;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const PostgresPreambleParse part = parse(bytes.substr(0, size));
      ASSERT_LE(part.size + part.behind, size);
      ASSERT_EQ(part.problem.empty(), part.kind != Kind::invalid);
      ASSERT_TRUE(before == Kind::incomplete || part.kind == before) << "more bytes changed what was found";
      before = part.kind;
    }
  }
}

}  // namespace
}  // namespace weir::tls
