#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace weir::test {

/// A certificate and its key, as PEM.
struct Certificate {
  std::string certificate;
  std::string key;
};

/// One that nobody else vouches for. `names` as OpenSSL has them: `DNS:localhost`, `IP:127.0.0.1`. Valid since a day
/// ago until so long from now.
Certificate self_signed(const std::vector<std::string>& names, std::chrono::seconds valid = std::chrono::hours(1));

/// What a key is made of. P-256 takes no time; RSA-2048 takes some 100 ms.
enum class KeyKind { p256, rsa2048 };

/// What an authority signs.
struct CertificateRequest {
  std::vector<std::string> names;  ///< as OpenSSL has them: `DNS:*.db.example`, `IP:127.0.0.1`; may be none
  std::string common_name = {};    ///< empty = the first name
  KeyKind key = KeyKind::p256;
  bool client = false;  ///< for clients, instead of servers
  std::chrono::seconds from = -std::chrono::hours(24);
  std::chrono::seconds until = std::chrono::hours(1);  ///< from now; -1 s has expired
};

/// A certificate authority, made anew at each run. The certificates that it signs stand before its own chain (without
/// the root), as servers show them.
///
///     const Authority authority;
///     const CertificateFiles site = write_files(dir, "site", authority.server({"DNS:site.test"}));
///     const std::string ca = dir.write("ca.pem", authority.certificate());
class Authority {
 public:
  explicit Authority(const std::string& name = "weir test authority", KeyKind key = KeyKind::p256);
  ~Authority();
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;

  /// Its own certificate as PEM, which is what those who trust it have in their file.
  const std::string& certificate() const;

  /// One that it vouches for.
  Authority intermediate(const std::string& name = "weir test intermediate") const;

  Certificate issue(const CertificateRequest& request) const;
  Certificate server(const std::vector<std::string>& names, KeyKind key = KeyKind::p256) const;
  Certificate client(const std::string& common_name, const std::vector<std::string>& names = {}) const;
  /// A server's that ended an hour ago.
  Certificate expired(const std::vector<std::string>& names) const;
  /// A client's that ended an hour ago.
  Certificate expired_client(const std::string& common_name) const;

  /// The list of those that it has revoked, as PEM; without any, a list that revokes nobody.
  std::string revoke(const std::vector<Certificate>& revoked) const;

 private:
  struct Secret;
  explicit Authority(std::unique_ptr<Secret> secret);

  std::unique_ptr<Secret> secret_;
};

/// The paths of a certificate with its chain, and of its key.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

/// `<stem>.pem` and `<stem>.key` in the folder. Written one after the other, not replaced at once.
CertificateFiles write_files(const TempDir& dir, std::string_view stem, const Certificate& certificate);

}  // namespace weir::test
