#include "server/upgrade/ticket_keys_message.hpp"

#include <algorithm>
#include <boost/algorithm/hex.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <iterator>
#include <string>

#include "server/upgrade/channel.hpp"

namespace weir::upgrade {

boost::json::object make_ticket_keys_message(const tls::SecretBytes& keys) {
  boost::json::object message = make_step("ticket_keys");
  boost::json::string text;
  const auto* bytes = reinterpret_cast<const unsigned char*>(keys.data());
  boost::algorithm::hex(bytes, bytes + keys.size(), std::back_inserter(text));
  message["keys"] = std::move(text);
  return message;
}

tls::SecretBytes take_ticket_keys(const boost::json::object& message) try {
  const boost::json::value* const found = message.if_contains("keys");
  if (found == nullptr || !found->is_string()) return {};
  const boost::json::string& text = found->get_string();
  tls::SecretBytes keys(text.size() / 2);
  boost::algorithm::unhex(text.begin(), text.end(), reinterpret_cast<unsigned char*>(keys.data()));
  return keys;
} catch (const boost::algorithm::hex_decode_error&) {
  return {};
}

}  // namespace weir::upgrade
