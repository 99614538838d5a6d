#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/tls/openssl.hpp"

namespace weir::tls {

/// What people want to know of a certificate in use.
struct CertificateFacts {
  using Time = std::chrono::system_clock::time_point;

  std::string file;
  std::string name;  ///< the first that it is for, or whatever its subject is
  Time from;
  Time until;
  std::string digest;  ///< SHA-256

  bool is_valid(Time now) const { return from <= now && now < until; }
};

CertificateFacts facts_of(const X509* certificate, const std::string& file);
/// Until when a list of revoked certificates counts; no end is far away.
CertificateFacts facts_of(const X509_CRL* list, const std::string& file);

/// `db.example of "/etc/weir/tls.crt" has expired at …`; "" where it is valid.
std::string validity_problem(const CertificateFacts& facts, CertificateFacts::Time now);

/// The name as it is compared: lower case, without a dot at its end.
std::string canonical_name(std::string_view name);

/// The last common name of its subject; "" where there is none. UTF-8.
std::string common_name(const X509* certificate);
/// The DNS names of its subjectAltName, canonical. Wildcards as they are.
std::vector<std::string> dns_names(const X509* certificate);
/// Those, or the common name where it has no subjectAltName at all, canonical.
std::vector<std::string> names_of(const X509* certificate);

}  // namespace weir::tls
