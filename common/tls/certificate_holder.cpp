#include "common/tls/certificate_holder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "common/logging.hpp"
#include "common/printable.hpp"
#include "common/tls/openssl.hpp"
#include "common/tls/pem_files.hpp"

namespace weir::tls {
namespace {

void add_file(std::vector<std::string>& files, const std::string& file) {
  if (!file.empty() && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
}

/// What differs once a file holds something else, or cannot be read any more.
std::string content_of(const std::vector<std::string>& files) {
  std::string all;
  for (const std::string& file : files) {
    try {
      std::string text = read_file(file);
      all += sha256(text);
      ::OPENSSL_cleanse(text.data(), text.size());
    } catch (const std::runtime_error& error) {
      all += sha256(error.what());
    }
  }
  return sha256(all);
}

/// A certificate that is not valid in place of one that is.
std::string decline_of(const std::vector<CertificateFacts>& before, const std::vector<CertificateFacts>& after,
                       CertificateFacts::Time now) {
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (!before[i].is_valid(now) || after[i].is_valid(now)) continue;
    return fmt::format("{}, and the one in use is valid until {}", validity_problem(after[i], now),
                       format_time(before[i].until));
  }
  return {};
}

std::string describe_change(const std::vector<CertificateFacts>& before, const std::vector<CertificateFacts>& after) {
  std::string text;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (i < before.size() && before[i].digest == after[i].digest) continue;
    text += fmt::format("{}{} of {} is new, valid until {}", text.empty() ? "" : "; ", in_quotes(after[i].name),
                        in_quotes(after[i].file), format_time(after[i].until));
  }
  return text.empty() ? "files that it names have changed" : text;
}

}  // namespace

std::vector<std::string> files_of(const ServerOptions& options) {
  std::vector<std::string> files;
  for (const CertificateOptions& each : options.certificates) {
    add_file(files, each.certificate);
    add_file(files, each.key);
  }
  if (options.client_certificates.verify != ClientCertificateOptions::Verify::off) {
    add_file(files, options.client_certificates.ca);
    add_file(files, options.client_certificates.crl);
  }
  return files;
}

std::vector<std::string> files_of(const ClientOptions& options) {
  std::vector<std::string> files;
  if (options.verify != ClientOptions::Verify::none && options.ca != "system") add_file(files, options.ca);
  if (!options.certificate.empty()) {
    add_file(files, options.certificate);
    add_file(files, options.key);
  }
  return files;
}

CertificateHolder::CertificateHolder(std::string owner, std::vector<std::string> files)
    : owner_(std::move(owner)), files_(std::move(files)), content_(content_of(files_)) {}

std::string CertificateHolder::try_files(const std::string& content, Time now) {
  const std::vector<CertificateFacts> before = certificates();
  const std::vector<CertificateFacts> after = prepare();
  // A certificate and its key are two files, and a folder may have been exchanged between them.
  if (content_of(files_) != content) throw std::runtime_error("the files change while they are read");
  if (const std::string decline = decline_of(before, after, now); !decline.empty()) throw std::runtime_error(decline);
  adopt();
  return describe_change(before, after);
}

Renewal CertificateHolder::refresh(Time now) {
  const std::scoped_lock lock(refreshing_);
  try {
    std::string content = content_of(files_);
    if (content == content_) {
      problem_.clear();
      return {};
    }
    std::string change = try_files(content, now);
    content_ = std::move(content);
    problem_.clear();
    return {Renewal::Result::renewed, std::move(change)};
  } catch (const std::exception& error) {
    discard();
    const bool repeated = std::exchange(problem_, error.what()) == error.what();
    return {Renewal::Result::refused, problem_, repeated};
  }
}

}  // namespace weir::tls
