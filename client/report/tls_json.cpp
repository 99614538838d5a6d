#include "client/report/tls_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "common/escapes.hpp"

namespace weir::load {

namespace json = boost::json;

json::object tls_to_json(const TlsOptions& options) {
  // What is no UTF-8 cannot stand in JSON.
  json::array protocols;
  for (const std::string& protocol : options.alpn) protocols.emplace_back(escape(protocol));
  return {{"verify", !options.insecure},  {"ca", escape(options.ca_file)},
          {"name", escape(options.name)}, {"alpn", std::move(protocols)},
          {"resume", options.resume},     {"certificate", escape(options.certificate)}};
}

}  // namespace weir::load
