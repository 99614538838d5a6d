#pragma once

#include <string>

/// What OpenSSL says of words that it is configured by. Each returns what is wrong and what would be right, or "" where
/// nothing is. Any thread.
namespace weir::tls {

/// Ciphers of TLS 1.2, as ciphers(1) has them. Each word has to select something, because OpenSSL itself passes over
/// what it does not know; a word that takes something away may be of another version.
std::string problem_of_ciphers(const std::string& ciphers);
/// Ciphersuites of TLS 1.3: names with colons between them.
std::string problem_of_ciphersuites(const std::string& suites);
/// Groups for the key exchange, likewise.
std::string problem_of_groups(const std::string& groups);

}  // namespace weir::tls
