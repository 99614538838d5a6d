#include "server/admin/ask.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"

namespace weir::admin {

namespace {

namespace json = boost::json;
namespace http = boost::beast::http;

json::value parse_body(const std::string& body) {
  json::error_code error;
  json::value value = json::parse(body, error);
  return error ? json::value() : value;
}

std::string not_weir(const Client& client, const std::string& target, unsigned status) {
  return fmt::format("{} answers {} with status {} and no JSON; is it the admin endpoint of weir?",
                     client.address().to_string(), target.substr(0, target.find('?')), status);
}

}  // namespace

std::string ask_text(const Client& client, http::verb method, const std::string& target, const std::string& body) {
  Answer answer = client.request(method, target, body);
  if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
  json::value said = parse_body(answer.body);
  std::string why = text_of(said, "error");
  if (why.empty()) why = not_weir(client, target, answer.status);
  if (answer.status == 401) why += "; name the token's file with --token-file or WEIR_ADMIN_TOKEN_FILE";
  throw Refused(answer.status, why, std::move(said));
}

json::value ask(const Client& client, http::verb method, const std::string& target, const std::string& body) {
  json::value value = parse_body(ask_text(client, method, target, body));
  if (!value.is_object()) throw Unreachable(not_weir(client, target, 200));
  return value;
}

json::value ask_if_known(const Client& client, const std::string& target) {
  try {
    return ask(client, http::verb::get, target);
  } catch (const Refused&) {
    return {};
  } catch (const Unreachable&) {
    return {};  // it did not come in time, which is no reason to hide what did
  }
}

std::string read_token(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw std::runtime_error(
        fmt::format("cannot read the token file {}: {}", in_quotes(file), std::system_category().message(errno)));
  }
  std::string token;
  constexpr std::size_t kLongest = 4096;
  for (char c = 0; token.size() <= kLongest && stream.get(c);) token += c;
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty() || token.size() > kLongest || has_control(token)) {
    throw std::runtime_error(fmt::format("the token file {} must hold one line, the token", in_quotes(file)));
  }
  return token;
}

}  // namespace weir::admin
