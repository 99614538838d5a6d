#include "common/tls/certificate_facts.hpp"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "common/logging.hpp"
#include "common/printable.hpp"

namespace weir::tls {
namespace {

using Time = CertificateFacts::Time;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

/// In 2191; the clock's nanoseconds end in 2262, and certificates may say 9999.
constexpr std::time_t kFarthest = std::time_t{7'000'000'000};

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ::ASN1_TIME_to_tm(time, &parts) != 1) return std::chrono::system_clock::from_time_t(kFarthest);
  const std::time_t seconds = std::clamp(::timegm(&parts), std::time_t{0}, kFarthest);
  return std::chrono::system_clock::from_time_t(seconds);
}

std::string text_of(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int size = ::ASN1_STRING_to_UTF8(&text, string);
  if (size < 0) return {};
  std::string copy(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  ::OPENSSL_free(text);
  return copy;
}

std::string subject_of(const X509_NAME* name) {
  std::array<char, 256> text{};
  ::X509_NAME_oneline(name, text.data(), static_cast<int>(text.size()));
  return text.data();
}

NamesPtr alternative_names(const X509* certificate) {
  return NamesPtr(static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

}  // namespace

CertificateFacts facts_of(const X509* certificate, const std::string& file) {
  CertificateFacts facts;
  facts.file = file;
  const std::vector<std::string> names = names_of(certificate);
  facts.name = !names.empty() ? names.front() : common_name(certificate);
  if (facts.name.empty()) facts.name = subject_of(::X509_get_subject_name(certificate));
  facts.from = time_of(::X509_get0_notBefore(certificate));
  facts.until = time_of(::X509_get0_notAfter(certificate));
  facts.digest.resize(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  ::X509_digest(certificate, ::EVP_sha256(), reinterpret_cast<unsigned char*>(facts.digest.data()), &size);
  facts.digest.resize(size);
  return facts;
}

CertificateFacts facts_of(const X509_CRL* list, const std::string& file) {
  CertificateFacts facts;
  facts.file = file;
  facts.name = fmt::format("revocations of {}", subject_of(::X509_CRL_get_issuer(list)));
  facts.from = time_of(::X509_CRL_get0_lastUpdate(list));
  facts.until = time_of(::X509_CRL_get0_nextUpdate(list));
  facts.digest.resize(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  ::X509_CRL_digest(list, ::EVP_sha256(), reinterpret_cast<unsigned char*>(facts.digest.data()), &size);
  facts.digest.resize(size);
  return facts;
}

std::string validity_problem(const CertificateFacts& facts, Time now) {
  if (facts.is_valid(now)) return {};
  return fmt::format("{} of {} {} {}", in_quotes(facts.name), in_quotes(facts.file),
                     now < facts.from ? "is not valid before" : "has expired at",
                     format_time(now < facts.from ? facts.from : facts.until));
}

std::string canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string common_name(const X509* certificate) {
  const X509_NAME* const subject = ::X509_get_subject_name(certificate);
  int last = -1;
  for (int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0;
       at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, at)) {
    last = at;
  }
  if (last < 0) return {};
  return text_of(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, last)));
}

std::vector<std::string> dns_names(const X509* certificate) {
  std::vector<std::string> names;
  const NamesPtr all = alternative_names(certificate);
  for (int i = 0; i < count_of(all.get()); ++i) {
    const auto* const name = item_of<const GENERAL_NAME>(all.get(), i);
    if (name->type == GEN_DNS) names.push_back(canonical_name(text_of(name->d.dNSName)));
  }
  return names;
}

std::vector<std::string> names_of(const X509* certificate) {
  if (::X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0) return dns_names(certificate);
  const std::string name = canonical_name(common_name(certificate));
  return name.empty() ? std::vector<std::string>{} : std::vector{name};
}

}  // namespace weir::tls
