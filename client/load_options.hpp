#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/message/message.hpp"
#include "client/source_addresses.hpp"
#include "common/endpoint.hpp"

namespace weir::load {

enum class Workload : std::uint8_t { echo, connect };
enum class CloseBy : std::uint8_t { fin, rst };

/// What a run of `weir-load echo` or `weir-load connect` does, as the command line said it.
struct LoadOptions {
  using Duration = std::chrono::microseconds;

  Workload workload = Workload::echo;
  Address target;
  std::uint32_t connections = 64;
  unsigned threads = 0;                   ///< 0: one for each CPU, never more than connections
  std::optional<Duration> duration;       ///< neither this nor requests: kDefaultDuration
  std::optional<std::uint64_t> requests;  ///< over all connections, after the warmup
  Duration warmup{0};
  Duration timeout = std::chrono::seconds(5);  ///< of a connect and of a reply
  std::uint64_t connect_rate = 0;              ///< a second; 0: a bounded number at once
  MessageShape message;
  SourceAddresses source;
  bool exchange = true;             ///< connect workload: one request and reply in each connection
  CloseBy close_by = CloseBy::fin;  ///< connect workload
  std::uint64_t max_errors = 0;
  Duration interval = std::chrono::seconds(1);
  bool quiet = false;
  std::string json_file;  ///< empty: none; "-": stdout

  static constexpr Duration kDefaultDuration = std::chrono::seconds(10);
};

}  // namespace weir::load
