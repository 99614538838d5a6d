#pragma once

#include <boost/beast/http/verb.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/address.hpp"

namespace weir::admin {

/// The endpoint did not answer; the text is a sentence that says what to do.
class Unreachable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the endpoint answered.
struct Answer {
  unsigned status = 0;
  std::string body;
};

/// Asks an admin endpoint from a thread that has nothing else to do. Each call is a connection of its own.
class Client {
 public:
  static constexpr std::chrono::milliseconds kPatience{5000};  ///< of a call, all addresses of a name together

  /// `token` is sent as `Authorization: Bearer`; empty = none.
  Client(Address address, std::string token, std::chrono::milliseconds patience = kPatience)
      : address_(std::move(address)), token_(std::move(token)), patience_(patience) {}

  const Address& address() const { return address_; }

  /// `target` is a path with its query, escaped; `body` is JSON, and empty for none. Throws Unreachable where no answer
  /// comes.
  Answer request(boost::beast::http::verb method, const std::string& target, const std::string& body = "") const;
  Answer get(const std::string& target) const { return request(boost::beast::http::verb::get, target); }

 private:
  Address address_;
  std::string token_;
  std::chrono::milliseconds patience_;
};

/// A text as a segment of a path or as a value in a query: what has a meaning there is written as `%XX` (RFC 3986).
std::string percent_encoded(std::string_view text);

}  // namespace weir::admin
