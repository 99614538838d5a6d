#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/fetch/header_field.hpp"
#include "client/fetch/url.hpp"

namespace weir::load {

/// What `weir-load fetch` was told.
struct FetchOptions {
  using Duration = std::chrono::microseconds;

  std::vector<Url> urls;
  std::uint32_t connections = 64;                       ///< fetches at once
  Duration timeout = std::chrono::seconds(60);          ///< of one URL, from the look-up of its name to its last byte
  Duration connect_timeout = std::chrono::seconds(10);  ///< of look-up, connect and TLS handshake, for each request
  std::uint32_t max_redirects = 10;                     ///< 0: a redirect is the answer
  std::optional<std::uint64_t> max_size;                ///< bytes of a body
  std::vector<HeaderField> headers;
  std::string ca_file;      ///< PEM; takes the place of the system's certificates
  bool insecure = false;    ///< takes any certificate
  bool any_status = false;  ///< no status counts as a failure
  std::string dns_servers;  ///< comma-separated addresses; empty: those of the system
  std::string output;       ///< where bodies go; empty: nowhere
  std::string results;      ///< where JSON lines go; empty: nowhere, `-`: stdout
  std::uint64_t max_errors = 0;
  bool quiet = false;  ///< no line for each URL
};

}  // namespace weir::load
