#pragma once

#include <string>

#include "tests/support/certificates.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {

inline const TempDir& certificate_folder() {
  static const TempDir folder;
  return folder;
}

/// Who signed reference_certificate().
inline const Authority& reference_authority() {
  static const Authority authority;
  return authority;
}

/// What config/reference.yaml names: a certificate, and its key in the same file.
inline const Certificate& reference_certificate() {
  static const Certificate certificate = reference_authority().server({"DNS:db.example"});
  return certificate;
}
inline const std::string& reference_certificate_file() {
  static const std::string path =
      certificate_folder().write("reference.pem", reference_certificate().certificate + reference_certificate().key);
  return path;
}

/// config/reference.yaml, with files that are there.
inline const std::string& reference_text() {
  static const std::string text = [] {
    std::string changed = read_file((source_folder() / "config" / "reference.yaml").string());
    const std::string named = "/etc/weir/tls/tls.pem";
    return changed.replace(changed.find(named), named.size(), reference_certificate_file());
  }();
  return text;
}

}  // namespace weir::test
