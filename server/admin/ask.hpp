#pragma once

#include <boost/json/value.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "server/admin/client.hpp"

namespace weir::admin {

/// The endpoint answered that it will not; the text says why.
class Refused : public std::runtime_error {
 public:
  Refused(unsigned status, const std::string& why, boost::json::value answer = {})
      : std::runtime_error(why), status_(status), answer_(std::move(answer)) {}
  unsigned status() const { return status_; }
  /// The body; a null where it is no JSON.
  const boost::json::value& answer() const { return answer_; }

 private:
  unsigned status_;
  boost::json::value answer_;
};

/// The body of a successful answer, whatever it is. Throws Refused, and Unreachable as the client does.
std::string ask_text(const Client& client, boost::beast::http::verb method, const std::string& target,
                     const std::string& body = "");

/// A successful answer. Throws Refused, and Unreachable as the client does, or where it is no JSON: it is not weir that
/// answers.
boost::json::value ask(const Client& client, boost::beast::http::verb method, const std::string& target,
                       const std::string& body = "");

/// What GET answers, or a null where the endpoint refuses, as one of another version may, or does not answer in
/// time.
boost::json::value ask_if_known(const Client& client, const std::string& target);

/// A token from a file that holds nothing else. Throws std::runtime_error that says what is wrong.
std::string read_token(const std::string& file);

}  // namespace weir::admin
