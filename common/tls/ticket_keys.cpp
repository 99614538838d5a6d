#include "common/tls/ticket_keys.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "common/printable.hpp"
#include "common/tls/pem_files.hpp"

namespace weir::tls {
namespace {

constexpr std::size_t kMostKeys = 16;
/// 80 bytes in base64.
constexpr std::size_t kTextSize = 108;

/// What an exported set of keys begins with, before the time of the next rotation.
constexpr std::array<char, 8> kMagic{'w', 'e', 'i', 'r', 't', 'k', '0', '1'};

[[noreturn]] void refuse_keys(const std::string& path, std::string_view why) {
  throw std::runtime_error(fmt::format(
      "{} {}; a file of ticket keys holds up to {} lines, each as that of: openssl rand 80 | openssl base64 -A",
      in_quotes(path), why, kMostKeys));
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

}  // namespace

TicketKeys::Keys::~Keys() { ::OPENSSL_cleanse(all.data(), all.size() * sizeof(Key)); }

TicketKeys::TicketKeys(const TicketKeyOptions& options, Time now) { apply(options, now); }

TicketKeys::~TicketKeys() = default;

TicketKeys::Key TicketKeys::random_key() {
  Key key;
  if (::RAND_priv_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key) != 1) {
    throw std::runtime_error(fmt::format("no random ticket key: {}", take_openssl_error()));
  }
  return key;
}

std::shared_ptr<const TicketKeys::Keys> TicketKeys::random_keys() {
  auto made = std::make_shared<Keys>();
  made->all = {random_key(), random_key(), random_key()};
  made->sealing = 1;
  return made;
}

std::shared_ptr<const TicketKeys::Keys> TicketKeys::read_keys(const std::string& path) {
  std::string text = read_file(path);
  const auto made = std::make_shared<Keys>();
  const bool binary =
      !std::all_of(text.begin(), text.end(), [](char c) { return is_space(c) || is_base64(c); }) && !text.empty();
  if (!binary) std::erase_if(text, is_space);
  const std::size_t step = binary ? kKeySize : kTextSize;
  const std::size_t count = text.size() / step;
  const bool fits = count > 0 && count <= kMostKeys && text.size() % step == 0;
  made->all.resize(fits ? count : 0);
  bool good = fits;
  for (std::size_t i = 0; i < made->all.size(); ++i) {
    const char* const from = text.data() + i * step;
    if (binary) {
      std::memcpy(&made->all[i], from, kKeySize);
      continue;
    }
    // It writes whole groups of three, with a zero for the one pad that 80 bytes need.
    std::array<unsigned char, kKeySize + 1> decoded{};
    good = good && from[kTextSize - 1] == '=' && from[kTextSize - 2] != '=' &&
           ::EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(from), kTextSize) == kKeySize + 1;
    std::memcpy(&made->all[i], decoded.data(), kKeySize);
    ::OPENSSL_cleanse(decoded.data(), decoded.size());
  }
  ::OPENSSL_cleanse(text.data(), text.size());
  ::ERR_clear_error();
  if (!good) refuse_keys(path, "does not hold ticket keys");
  made->sealing = count == 1 ? 0 : count - 2;
  return made;
}

void TicketKeys::apply(const TicketKeyOptions& options, Time now) {
  const std::scoped_lock change(change_);
  std::shared_ptr<const Keys> read = options.file.empty() ? nullptr : read_keys(options.file);
  const bool stay = options.file.empty() && keys() != nullptr && file().empty();
  if (!read && !stay) read = random_keys();
  const std::scoped_lock lock(mutex_);
  if (read) keys_ = std::move(read);
  due_ = stay ? std::min(due_, now + options.rotate) : now + options.rotate;
  options_ = options;
}

bool TicketKeys::refresh(Time now) {
  const std::scoped_lock change(change_);
  std::shared_ptr<const Keys> next;
  if (const std::string path = file(); !path.empty()) {
    next = read_keys(path);
  } else if (now < *next_rotation()) {
    return false;
  }
  const Key random = random_key();
  const std::scoped_lock lock(mutex_);
  if (!next) {
    const auto moved = std::make_shared<Keys>();
    moved->all = {keys_->all[1], keys_->all[2], random};
    moved->sealing = 1;
    next = moved;
    due_ = now + options_.rotate;
  }
  const std::span one(reinterpret_cast<const std::byte*>(keys_->all.data()), keys_->all.size() * kKeySize);
  const std::span other(reinterpret_cast<const std::byte*>(next->all.data()), next->all.size() * kKeySize);
  const bool changed = !std::equal(one.begin(), one.end(), other.begin(), other.end());
  if (changed) keys_ = std::move(next);
  return changed;
}

std::optional<TicketKeys::Time> TicketKeys::next_rotation() const {
  const std::scoped_lock lock(mutex_);
  return options_.file.empty() ? std::optional(due_) : std::nullopt;
}

std::string TicketKeys::file() const {
  const std::scoped_lock lock(mutex_);
  return options_.file;
}

SecretBytes TicketKeys::export_keys() const {
  const std::scoped_lock lock(mutex_);
  if (!options_.file.empty()) return {};
  const std::int64_t due = due_.time_since_epoch().count();  // the machine's clock, which both processes share
  SecretBytes bytes(kMagic.size() + sizeof due + keys_->all.size() * kKeySize);
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  std::memcpy(bytes.data() + kMagic.size(), &due, sizeof due);
  std::memcpy(bytes.data() + kMagic.size() + sizeof due, keys_->all.data(), keys_->all.size() * kKeySize);
  return bytes;
}

bool TicketKeys::import_keys(std::span<const std::byte> exported, Time now) {
  std::int64_t due = 0;
  if (exported.size() != kMagic.size() + sizeof due + 3 * kKeySize) return false;
  if (std::memcmp(exported.data(), kMagic.data(), kMagic.size()) != 0) return false;
  const std::scoped_lock change(change_);
  const auto made = std::make_shared<Keys>();
  made->all.resize(3);
  made->sealing = 1;
  std::memcpy(&due, exported.data() + kMagic.size(), sizeof due);
  std::memcpy(made->all.data(), exported.data() + kMagic.size() + sizeof due, 3 * kKeySize);
  const std::scoped_lock lock(mutex_);
  if (!options_.file.empty()) return false;
  keys_ = made;
  due_ = std::clamp(Time(Time::duration(due)), now, now + Time::duration(options_.rotate));
  return true;
}

std::shared_ptr<const TicketKeys::Keys> TicketKeys::keys() const {
  const std::scoped_lock lock(mutex_);
  return keys_;
}

bool TicketKeys::prepare(const Key& key, EVP_MAC_CTX* mac) {
  std::array<char, 7> digest{"SHA256"};
  Key copy = key;  // OpenSSL's parameters are not const
  const std::array<OSSL_PARAM, 3> params{
      ::OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, copy.mac.data(), copy.mac.size()),
      ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), ::OSSL_PARAM_construct_end()};
  const bool prepared = ::EVP_MAC_CTX_set_params(mac, params.data()) == 1;
  ::OPENSSL_cleanse(&copy, sizeof copy);
  return prepared;
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* encryption, EVP_MAC_CTX* mac,
                     const EVP_CIPHER* cipher) const {
  const std::shared_ptr<const Keys> all = keys();
  const Key& key = all->all[all->sealing];
  if (::RAND_bytes(iv, ::EVP_CIPHER_get_iv_length(cipher)) != 1) return -1;
  if (::EVP_EncryptInit_ex2(encryption, cipher, key.cipher.data(), iv, nullptr) != 1 || !prepare(key, mac)) return -1;
  std::copy(key.name.begin(), key.name.end(), name);
  return 1;
}

int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* decryption, EVP_MAC_CTX* mac,
                     const EVP_CIPHER* cipher) const {
  const std::shared_ptr<const Keys> all = keys();
  for (std::size_t i = 0; i < all->all.size(); ++i) {
    const Key& key = all->all[i];
    if (!std::equal(key.name.begin(), key.name.end(), name)) continue;
    if (::EVP_DecryptInit_ex2(decryption, cipher, key.cipher.data(), iv, nullptr) != 1 || !prepare(key, mac)) return -1;
    accepted_.fetch_add(1, std::memory_order_relaxed);
    return i == all->sealing ? 1 : 2;  // 2: and give it a new one
  }
  unknown_key_.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

TicketKeys::Counts TicketKeys::counts() const {
  return {accepted_.load(std::memory_order_relaxed), unknown_key_.load(std::memory_order_relaxed)};
}

}  // namespace weir::tls
