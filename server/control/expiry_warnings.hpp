#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/tls/certificate_facts.hpp"

namespace weir {

/// Says once a day that a certificate has ended or will soon. Pure.
class ExpiryWarnings {
 public:
  using Time = tls::CertificateFacts::Time;

  static constexpr std::chrono::hours kSoon{14 * 24};
  static constexpr std::chrono::hours kOften{24};

  /// What there is to say now of those in use, which are all that there are. One that several use is spoken of once.
  std::vector<std::string> due(const std::vector<tls::CertificateFacts>& in_use, Time now);

 private:
  std::map<std::string, Time> said_;  ///< by file and digest
};

}  // namespace weir
