#include "common/tls/ticket_keys.hpp"

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace weir::tls {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Time = TicketKeys::Time;

constexpr Time kStart{1000h};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, Free<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Free<EVP_MAC_CTX_free>>;

/// A ticket's key name, its IV, and 16 bytes of secret as OpenSSL would seal them.
struct Ticket {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 16> iv{};
  std::array<unsigned char, 32> sealed{};
};
constexpr std::array<unsigned char, 16> kSecret{'w', 'h', 'o', ' ', 'w', 'a', 's', ' ', 'h', 'e', 'r', 'e'};

class TicketKeysTest : public testing::Test {
 protected:
  MacContext mac() const { return MacContext(::EVP_MAC_CTX_new(hmac.get())); }
  Ticket seal(const TicketKeys& keys) const {
    Ticket ticket;
    const CipherContext context(::EVP_CIPHER_CTX_new());
    EXPECT_EQ(keys.seal(ticket.name.data(), ticket.iv.data(), context.get(), mac().get(), cipher.get()), 1);
    int size = 0;
    EXPECT_EQ(::EVP_EncryptUpdate(context.get(), ticket.sealed.data(), &size, kSecret.data(), kSecret.size()), 1);
    return ticket;
  }
  /// What the callback says; the secret must come out where it takes it.
  int open(const TicketKeys& keys, const Ticket& ticket) const {
    const CipherContext context(::EVP_CIPHER_CTX_new());
    const int result = keys.open(ticket.name.data(), ticket.iv.data(), context.get(), mac().get(), cipher.get());
    if (result <= 0) return result;
    std::array<unsigned char, 32> secret{};
    int size = 0;
    ::EVP_CIPHER_CTX_set_padding(context.get(), 0);
    EXPECT_EQ(::EVP_DecryptUpdate(context.get(), secret.data(), &size, ticket.sealed.data(), kSecret.size()), 1);
    EXPECT_EQ(std::memcmp(secret.data(), kSecret.data(), kSecret.size()), 0);
    return result;
  }
  /// A file of keys made of these letters, as HAProxy has it.
  std::string write_keys(const std::string& letters, const char* separator = "\n") const {
    std::string text;
    for (const char letter : letters) {
      const std::string key(80, letter);
      std::array<unsigned char, 128> encoded{};
      const int size = ::EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(key.data()), 80);
      text.append(reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)).append(separator);
    }
    return dir.write("keys", text);
  }
  static std::string name_of(const Ticket& ticket) { return {ticket.name.begin(), ticket.name.end()}; }

  const test::TempDir dir;
  const CipherPtr cipher{::EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)};
  const Mac hmac{::EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
};

TEST_F(TicketKeysTest, WhatIsSealedIsOpened) {
  const TicketKeys keys({}, kStart);
  EXPECT_EQ(open(keys, seal(keys)), 1);
  EXPECT_EQ(keys.counts().accepted, 1U);
  EXPECT_EQ(keys.counts().unknown_key, 0U);
}

TEST_F(TicketKeysTest, OthersKeysAreUnknown) {
  const TicketKeys keys({}, kStart);
  const TicketKeys others({}, kStart);
  EXPECT_EQ(open(keys, seal(others)), 0);
  EXPECT_EQ(keys.counts().unknown_key, 1U);
}

TEST_F(TicketKeysTest, RandomKeysMoveWhenItIsTimeAndOpenForOneMoreTurn) {
  TicketKeys keys({.file = {}, .rotate = 1h}, kStart);
  const Ticket ticket = seal(keys);
  EXPECT_FALSE(keys.refresh(kStart + 59min));
  EXPECT_EQ(open(keys, ticket), 1);
  EXPECT_TRUE(keys.refresh(kStart + 60min));
  EXPECT_EQ(open(keys, ticket), 2);
  EXPECT_EQ(keys.next_rotation(), kStart + 2h);
  EXPECT_TRUE(keys.refresh(kStart + 2h));
  EXPECT_EQ(open(keys, ticket), 0);
}

TEST_F(TicketKeysTest, TheNextKeyOpensBeforeItSeals) {
  TicketKeys keys({.file = {}, .rotate = 1h}, kStart);
  TicketKeys fleet({}, kStart);
  const SecretBytes bytes = keys.export_keys();
  ASSERT_TRUE(fleet.import_keys({bytes.data(), bytes.size()}, kStart));
  keys.refresh(kStart + 1h);
  EXPECT_EQ(open(fleet, seal(keys)), 2);
}

TEST_F(TicketKeysTest, KeysAreHandedOnWithTheTimeOfTheirRotation) {
  const TicketKeys before({.file = {}, .rotate = 1h}, kStart);
  const Ticket ticket = seal(before);
  TicketKeys after({.file = {}, .rotate = 1h}, kStart + 30min);
  const SecretBytes bytes = before.export_keys();
  EXPECT_TRUE(after.import_keys({bytes.data(), bytes.size()}, kStart + 30min));
  EXPECT_EQ(open(after, ticket), 1);
  EXPECT_EQ(after.next_rotation(), kStart + 1h);
}

TEST_F(TicketKeysTest, WhatAreNoKeysIsNotTakenOn) {
  TicketKeys keys({}, kStart);
  const Ticket ticket = seal(keys);
  SecretBytes bytes = keys.export_keys();
  EXPECT_FALSE(keys.import_keys({bytes.data(), bytes.size() - 1}, kStart));
  EXPECT_FALSE(keys.import_keys({}, kStart));
  bytes.data()[0] = std::byte{'x'};
  EXPECT_FALSE(keys.import_keys({bytes.data(), bytes.size()}, kStart));
  EXPECT_EQ(open(keys, ticket), 1);
}

TEST_F(TicketKeysTest, AFilesKeyBeforeTheLastSealsAndAllOpen) {
  const TicketKeys three({.file = write_keys("abc")}, kStart);
  const TicketKeys two({.file = write_keys("ab")}, kStart);
  const TicketKeys one({.file = write_keys("c")}, kStart);
  EXPECT_EQ(name_of(seal(three)), std::string(16, 'b'));
  EXPECT_EQ(name_of(seal(two)), std::string(16, 'a'));
  EXPECT_EQ(name_of(seal(one)), std::string(16, 'c'));
  EXPECT_EQ(open(three, seal(two)), 2);
  EXPECT_EQ(open(three, seal(one)), 2);
  EXPECT_EQ(open(two, seal(one)), 0);
  EXPECT_EQ(three.next_rotation(), std::nullopt);
  EXPECT_EQ(three.export_keys().size(), 0U);
}

TEST_F(TicketKeysTest, AFileMayBeOfBytesOrBrokenIntoLinesAsOpenSslDoes) {
  const TicketKeys bytes({.file = dir.write("bytes", std::string(80, '\x01') + std::string(80, '\x02'))}, kStart);
  EXPECT_EQ(name_of(seal(bytes)), std::string(16, '\x01'));
  std::string text = test::read_file(write_keys("a"));
  text.insert(64, "\n");
  const TicketKeys lines({.file = dir.write("lines", text)}, kStart);
  EXPECT_EQ(name_of(seal(lines)), std::string(16, 'a'));
}

TEST_F(TicketKeysTest, AFileThatChangesIsReadAgainAndABadOneIsNotTakenOn) {
  TicketKeys keys({.file = write_keys("abc")}, kStart);
  EXPECT_FALSE(keys.refresh(kStart + 100h));
  write_keys("bcd");
  EXPECT_TRUE(keys.refresh(kStart));
  EXPECT_EQ(name_of(seal(keys)), std::string(16, 'c'));
  dir.write("keys", "nothing");
  EXPECT_THROW(keys.refresh(kStart), std::runtime_error);
  EXPECT_EQ(name_of(seal(keys)), std::string(16, 'c'));
}

TEST_F(TicketKeysTest, WhatIsWrongWithAFileIsSaidWithTheRemedy) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(79, '\x01'), std::string(108, 'A'),
                                  std::string(80 * 17, '\x01')}) {
    try {
      const TicketKeys keys({.file = dir.write("keys", text)}, kStart);
      ADD_FAILURE() << text.size();
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("keys\""), HasSubstr("openssl rand 80")));
    }
  }
}

TEST_F(TicketKeysTest, OtherOptionsKeepRandomKeysAndReplaceThoseOfAFile) {
  TicketKeys keys({}, kStart);
  const Ticket ticket = seal(keys);
  keys.apply({.file = {}, .rotate = 1h}, kStart);
  EXPECT_EQ(open(keys, ticket), 1);
  EXPECT_EQ(keys.next_rotation(), kStart + 1h);
  keys.apply({.file = write_keys("abc")}, kStart);
  EXPECT_EQ(open(keys, ticket), 0);
  const Ticket of_file = seal(keys);
  EXPECT_THROW(keys.apply({.file = dir.file("none")}, kStart), std::runtime_error);
  EXPECT_EQ(open(keys, of_file), 1);
  keys.apply({}, kStart);
  EXPECT_EQ(open(keys, of_file), 0);
}

}  // namespace
}  // namespace weir::tls
