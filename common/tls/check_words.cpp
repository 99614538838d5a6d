#include "common/tls/check_words.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <vector>

#include "common/printable.hpp"
#include "common/tls/openssl.hpp"

namespace weir::tls {
namespace {

constexpr std::string_view kBetween = ": ,";
constexpr std::string_view kSuite = "TLS_";

SslContextPtr fresh_context() {
  SslContextPtr context(::SSL_CTX_new(::TLS_method()));
  ::ERR_clear_error();
  if (!context) throw std::bad_alloc();
  return context;
}

/// Whether OpenSSL takes it. Its reasons say no more than that.
template <typename Take>
bool takes(Take take, const std::string& words) {
  const bool taken = take(fresh_context().get(), words.c_str()) == 1;
  ::ERR_clear_error();
  return taken;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(kBetween), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// What selects no cipher of its own.
bool is_directive(std::string_view word) {
  return word.starts_with('!') || word.starts_with('-') || word.starts_with('@');
}

bool names_suite(std::string_view word) { return word.starts_with(kSuite); }

}  // namespace

std::string problem_of_ciphers(const std::string& ciphers) {
  if (ciphers.empty()) return {};
  for (const std::string& word : split_words(ciphers)) {
    if (is_directive(word) || takes(::SSL_CTX_set_cipher_list, word.starts_with('+') ? word.substr(1) : word)) continue;
    if (names_suite(word)) return fmt::format("{} is of TLS 1.3; write it into ciphersuites", in_quotes(word));
    return fmt::format("{} is no cipher that OpenSSL knows; `openssl ciphers -s -tls1_2` lists them", in_quotes(word));
  }
  if (takes(::SSL_CTX_set_cipher_list, ciphers)) return {};
  return fmt::format("{} selects no cipher; `openssl ciphers -s -tls1_2` lists them", in_quotes(ciphers));
}

std::string problem_of_ciphersuites(const std::string& suites) {
  if (suites.empty()) return {};
  for (const std::string& word : split_words(suites)) {
    if (names_suite(word) && takes(::SSL_CTX_set_ciphersuites, word)) continue;
    return fmt::format("{} is no ciphersuite of TLS 1.3; `openssl ciphers -s -tls1_3` lists them", in_quotes(word));
  }
  if (takes(::SSL_CTX_set_ciphersuites, suites)) return {};
  return fmt::format("{} is no list of ciphersuites; write them with a colon between two", in_quotes(suites));
}

std::string problem_of_groups(const std::string& groups) {
  // SSL_CTX_set1_groups_list() is a macro with a cast in it.
  const auto take = [](SSL_CTX* context, std::string list) {
    return ::SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, list.data());
  };
  if (groups.empty() || takes(take, groups)) return {};
  constexpr std::string_view kForm = "write names such as X25519:P-256 with a colon between two";
  for (const std::string& word : split_words(groups)) {
    if (!takes(take, word)) return fmt::format("{} is no group that OpenSSL knows; {}", in_quotes(word), kForm);
  }
  return fmt::format("{} is no list of groups; {}", in_quotes(groups), kForm);
}

}  // namespace weir::tls
