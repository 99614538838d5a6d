#pragma once

#include <string>
#include <vector>

#include "common/tls/openssl.hpp"

/// Reading certificates, keys and revocations from PEM files. Each function throws std::runtime_error, whose text names
/// the file, what is wrong with it, and what would be right; none waits for a writer. What they make belongs to the
/// library context, which is OpenSSL's own where it is null.
namespace weir::tls {

/// The file's bytes. A regular file of at most 4 MiB.
std::string read_file(const std::string& path);

/// A certificate with those that vouch for it, and its key, which is its own.
struct Identity {
  X509Ptr certificate;
  std::vector<X509Ptr> chain;
  KeyPtr key;
  std::string file;  ///< of the certificate
};
/// The first certificate of the file is the identity's. An empty `key` means that it is in the same file.
Identity read_identity(const std::string& certificate, const std::string& key, OSSL_LIB_CTX* library = nullptr);

/// All certificates of a file, at least one.
std::vector<X509Ptr> read_certificates(const std::string& path, OSSL_LIB_CTX* library = nullptr);
/// All lists of revoked certificates of a file, at least one.
std::vector<CrlPtr> read_revocations(const std::string& path, OSSL_LIB_CTX* library = nullptr);

}  // namespace weir::tls
