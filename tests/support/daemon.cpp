#include "tests/support/daemon.hpp"

#include <cstdlib>
#include <memory>
#include <regex>
#include <stdexcept>

namespace weir::test {
namespace {

bool says(const std::string& yaml, const std::string& key) {
  return yaml.starts_with(key + ":") || yaml.find("\n" + key + ":") != std::string::npos;
}

/// How relays move bytes in this run of the tests: WEIR_TEST_SPLICE=always or never runs them all that way.
std::string splice_mode() {
  const char* mode = std::getenv("WEIR_TEST_SPLICE");
  return mode == nullptr ? "auto" : mode;
}

std::vector<std::pair<std::string, std::string>> bound_addresses(const std::string& log) {
  static const std::regex pattern(R"(listening on (\S+) listener=(\S+))");
  std::vector<std::pair<std::string, std::string>> result;
  for (std::sregex_iterator match(log.begin(), log.end(), pattern), none; match != none; ++match) {
    result.emplace_back((*match)[2], (*match)[1]);
  }
  return result;
}

}  // namespace

Daemon Daemon::with_config(const std::string& yaml, const Process::Options& options,
                           const std::vector<std::string>& more_arguments) {
  Daemon daemon;
  std::vector<std::string> arguments{"run", "-c", daemon.dir_->write("weir.yaml", daemon.complete(yaml))};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  daemon.start(std::move(arguments), options);
  return daemon;
}

void Daemon::rewrite_config(const std::string& yaml) const { dir_->write("weir.yaml", complete(yaml)); }

std::string Daemon::complete(const std::string& yaml) const {
  std::string text = yaml + "\n";
  if (!says(yaml, "workers")) text += "workers: 3\n";
  if (!says(yaml, "relay")) text += "relay: {splice: " + splice_mode() + "}\n";
  if (!says(yaml, "access_log")) text += "access_log: {format: json, file: " + access_log_ + "}\n";
  return text;
}

Daemon Daemon::with_verb(std::vector<std::string> arguments, const Process::Options& options) {
  Daemon daemon;
  const std::vector<std::string> settings{"workers=3", "access_log.format=json",
                                          "access_log.file=" + daemon.access_log_, "relay.splice=" + splice_mode()};
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  daemon.start(std::move(arguments), options);
  return daemon;
}

void Daemon::start(std::vector<std::string> arguments, const Process::Options& options) {
  process_ = std::make_unique<Process>("weir", std::move(arguments), options);
  process_->wait_for_error_line(R"(\bready\b)");
  bound_ = bound_addresses(process_->err());
  if (bound_.empty()) throw std::runtime_error("ready, but it listens on nothing:\n" + process_->err());
}

std::vector<std::string> Daemon::addresses(const std::string& listener) const {
  const std::string& wanted = listener.empty() ? bound_.front().first : listener;
  std::vector<std::string> result;
  for (const auto& [name, address] : bound_) {
    if (name == wanted) result.push_back(address);
  }
  if (result.empty()) throw std::runtime_error("no listener " + wanted);
  return result;
}

std::uint16_t Daemon::port(const std::string& listener) const {
  return endpoint_of(addresses(listener).front()).port();
}

Peer Daemon::connect(const std::string& listener, Peer::Options options) const {
  return Peer::connect(endpoint_of(addresses(listener).front()), options);
}

std::vector<Record> Daemon::records() const {
  const std::string text = read_file(access_log_);
  std::vector<Record> result;
  for (const std::string& line : lines_of(text.substr(0, text.rfind('\n') + 1))) result.emplace_back(line);
  return result;
}

Record Daemon::wait_for_record(const RecordPredicate& predicate) const {
  std::vector<Record> found;
  wait_until([&] {
    for (const Record& record : records()) {
      if (!predicate(record)) continue;
      found.push_back(record);
      return true;
    }
    return false;
  });
  if (found.empty()) {
    throw std::runtime_error("no such record; records:\n" + read_file(access_log_) + "log:\n" + process_->err());
  }
  return found.front();
}

std::vector<Record> Daemon::wait_for_records(std::size_t count) const {
  std::vector<Record> result;
  if (!wait_until([&] { return (result = records()).size() >= count; })) {
    throw std::runtime_error("only " + std::to_string(result.size()) + " records of " + std::to_string(count) + ":\n" +
                             read_file(access_log_) + "log:\n" + process_->err());
  }
  return result;
}

int Daemon::stop() {
  drain();
  return process_->wait_exit();
}

}  // namespace weir::test
