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

/// What a file has to hold that config/reference.yaml names.
inline const CertificateFiles& reference_certificate() {
  static const CertificateFiles files =
      write_files(certificate_folder(), "reference", reference_authority().server({"DNS:db.example"}));
  return files;
}

/// config/reference.yaml, with files that are there.
inline const std::string& reference_text() {
  static const std::string text = [] {
    std::string changed = read_file((source_folder() / "config" / "reference.yaml").string());
    const auto put = [&changed](const std::string& name, const std::string& path) {
      changed.replace(changed.find(name), name.size(), path);
    };
    put("/etc/weir/tls/tls.crt", reference_certificate().certificate);
    put("/etc/weir/tls/tls.key", reference_certificate().key);
    return changed;
  }();
  return text;
}

}  // namespace weir::test
