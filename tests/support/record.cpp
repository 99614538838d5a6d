#include "tests/support/record.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

namespace weir::test {

const std::vector<std::string>& record_keys() {
  static const std::vector<std::string> keys{"time",       "id",       "listener",  "client",     "proxied_client",
                                             "backend",    "bytes_in", "bytes_out", "bytes_lost", "duration_ms",
                                             "connect_ms", "attempts", "end",       "rtt_us",     "retransmits",
                                             "tls",        "faults"};
  return keys;
}

Record::Record(const std::string& line) : line_(line) {
  try {
    json_ = boost::json::parse(line).as_object();
  } catch (const std::exception& error) {
    throw std::runtime_error("not a record (" + std::string(error.what()) + "): " + line);
  }
}

std::string Record::text(const std::string& key) const {
  const boost::json::value& value = json_.at(key);
  return value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
}

std::int64_t Record::number(const std::string& key) const { return json_.at(key).to_number<std::int64_t>(); }

bool Record::is_null(const std::string& key) const { return json_.at(key).is_null(); }

RecordPredicate any_record() {
  return [](const Record&) { return true; };
}

RecordPredicate ended_as(std::string end) {
  return [end = std::move(end)](const Record& record) { return record.end() == end; };
}

RecordPredicate of_client(std::string address) {
  return [address = std::move(address)](const Record& record) { return record.client() == address; };
}

}  // namespace weir::test
