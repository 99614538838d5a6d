#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace weir::test {

/// A self-signed certificate and its key, as PEM.
struct Certificate {
  std::string certificate;
  std::string key;
};

/// `names` as OpenSSL has them: `DNS:localhost`, `IP:127.0.0.1`. Valid since a day ago until so long from now.
Certificate self_signed(const std::vector<std::string>& names, std::chrono::seconds valid = std::chrono::hours(1));

}  // namespace weir::test
