#include "client/fetch/result_line.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "client/fetch/fetch_line.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

double in_ms(FetchResult::Duration duration) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count()) / 1000;
}

json::value in_ms_or_null(const std::optional<FetchResult::Duration>& duration) {
  return duration ? json::value(in_ms(*duration)) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

}  // namespace

std::string result_line(const FetchResult& result) {
  json::object line;
  const std::string_view outcome = outcome_key(result.outcome);
  line["url"] = result.url.to_string();
  line["final_url"] = result.final_url.to_string();
  line["redirects"] = result.redirects;
  line["outcome"] = json::string_view(outcome.data(), outcome.size());
  line["detail"] = text_or_null(printable(result.detail));
  line["status"] = result.status ? json::value(*result.status) : json::value(nullptr);
  line["bytes"] = result.bytes;
  line["address"] = text_or_null(result.address);
  line["file"] = text_or_null(printable(result.file));
  line["begin_ms"] = in_ms(result.begin);
  line["dns_ms"] = in_ms_or_null(result.dns);
  line["connect_ms"] = in_ms_or_null(result.connect);
  line["tls_ms"] = in_ms_or_null(result.tls);
  line["first_byte_ms"] = in_ms_or_null(result.first_byte);
  line["end_ms"] = in_ms(result.end);
  return json::serialize(line) + "\n";
}

}  // namespace weir::load
