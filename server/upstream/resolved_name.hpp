#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// What came of one question to a resolver.
template <typename Record>
struct DnsAnswer {
  enum class Result { pending, found, none, failed };  ///< none: it says that there is no such record
  Result result = Result::pending;
  std::vector<Record> records;
  std::chrono::seconds ttl{0};  ///< the shortest of the records'
  std::string why;              ///< it failed
};

/// An SRV record (RFC 2782).
struct ServiceRecord {
  std::string target;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;

  auto operator<=>(const ServiceRecord&) const = default;
};

/// What the name of a `dns` entry stands for, by the answers that come round by round: an answer replaces what was
/// known of its question, a failure leaves it. Policy only: it asks nobody and has no clock.
///
/// A name that is searched for (resolv.conf(5)) is asked for under several full names in turn, until one of them has
/// records, or the one fails that had them the last time.
class ResolvedName {
 public:
  /// The most backends of one name, and the most of its SRV records, that are used.
  static constexpr std::size_t kMostMembers = 1024;
  static constexpr std::size_t kMostServices = 128;
  /// The longest pause after a round in which something failed, or nothing was found.
  static constexpr milliseconds kLongestRetry = std::chrono::seconds(10);

  using Services = DnsAnswer<ServiceRecord>;
  /// Endpoints, whose port does not matter.
  using Addresses = DnsAnswer<Endpoint>;
  /// The answers for A and for AAAA.
  using BothFamilies = std::array<Addresses, 2>;

  /// Keeps copies of both.
  ResolvedName(const BackendConfig& backend, const DnsConfig& config);

  void begin_round();

  /// The answer for one of the full names; `last` is true for the last of them. Returns whether the search is over.
  bool take_services(const std::string& full_name, Services answer, bool last);

  /// The names whose addresses are asked for, each once.
  std::set<std::string> targets() const;
  /// As take_services(), for a target; a pending answer leaves what is known of its family for now.
  bool take_addresses(const std::string& target, const std::string& full_name, BothFamilies answers, bool last);

  /// Whether there is a way to an address.
  using HasWay = std::function<bool(const Endpoint&)>;
  /// The same ones in the same order, in whatever order they were answered. IPv6 addresses to which there is no way are
  /// left out where the target has IPv4 addresses.
  std::vector<Upstream::Member> members(const HasWay& has_way) const;

  /// Whether nothing has gone wrong in this round so far.
  bool is_clean() const { return problem_.empty() && failure_.empty(); }

  struct Round {
    milliseconds pause{0};  ///< until the next round
    std::string problem;    ///< what went wrong; empty where nothing did
  };
  /// `members` is how many there are in the end.
  Round finish_round(std::size_t members);

 private:
  void note_problem(const std::string& problem);

  BackendConfig backend_;
  DnsConfig config_;
  std::vector<ServiceRecord> services_;
  std::string services_name_;  ///< the full name that had them
  struct Known {
    std::string full_name;
    std::array<std::vector<Endpoint>, 2> families;
  };
  std::map<std::string, Known> addresses_;
  std::uint32_t bad_rounds_ = 0;  ///< in a row

  // Of this round.
  std::chrono::seconds ttl_{};
  std::string problem_;
  std::string failure_;  ///< of a full name that was passed over
  std::string excess_;   ///< what is more than is used, which is to be said but no failure
};

}  // namespace weir
