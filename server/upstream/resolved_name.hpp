#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/endpoint.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// What came of one question to a resolver.
template <typename Record>
struct DnsAnswer {
  enum class Result { found, none, failed };  ///< none: it says that there is no such record
  Result result = Result::failed;
  std::vector<Record> records;
  std::chrono::seconds ttl{0};  ///< the shortest of the records'
  std::string why;              ///< nothing was found
};

/// An SRV record (RFC 2782).
struct ServiceRecord {
  std::string target;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
};

/// What the name of a `dns` server stands for, of the answers that come round by round: an answer replaces what was
/// known of its question, a failure leaves it. Policy only: it asks nobody and has no clock.
class ResolvedName {
 public:
  /// Of the servers of one name no more than so many are used.
  static constexpr std::size_t kMostMembers = 1024;
  /// The longest pause after a round in which something failed, or nothing was found.
  static constexpr milliseconds kLongestRetry = std::chrono::seconds(10);

  using Services = DnsAnswer<ServiceRecord>;
  using Addresses = DnsAnswer<Endpoint>;

  ResolvedName(const BackendConfig& server, const DnsConfig& config);

  /// The answer to the question for SRV records, which begins a round of a name of that kind.
  void take_services(Services answer);
  /// The names whose addresses are asked for next, each once.
  std::vector<std::string> targets() const;
  /// The answer to a question for the addresses of a target, of one family (AF_INET, AF_INET6). Ports do not matter.
  void take_addresses(const std::string& target, int family, Addresses answer);

  struct Round {
    std::vector<Upstream::Member> members;  ///< the same ones in the same order, whatever order they were answered in
    milliseconds pause{0};                  ///< until the next round
    std::string problem;                    ///< what went wrong; empty where nothing did
  };
  Round finish_round();

 private:
  void note_ttl(std::chrono::seconds ttl);
  void note_problem(const std::string& what, const std::string& why);
  std::vector<Upstream::Member> members() const;

  const BackendConfig& server_;
  const DnsConfig& config_;
  std::vector<ServiceRecord> services_;
  std::map<std::pair<std::string, int>, std::vector<Endpoint>> addresses_;
  std::uint32_t bad_rounds_ = 0;  ///< in a row

  // Of this round.
  std::chrono::seconds ttl_ = std::chrono::seconds::max();
  std::string problem_;
};

}  // namespace weir
