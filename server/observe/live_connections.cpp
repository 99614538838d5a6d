#include "server/observe/live_connections.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/address_set.hpp"

namespace weir {

namespace {

using Sort = ConnectionQuery::Sort;

const ClientAddress& source_of(const LiveConnection& connection) {
  return connection.proxied_client ? *connection.proxied_client : connection.client;
}

double rate_of(const LiveConnection& connection) {
  return connection.rate_in.value_or(0) + connection.rate_out.value_or(0);
}

/// What a connection is sorted by; those that have none come last when the greatest comes first.
double key_of(const LiveConnection& connection, Sort sort) {
  switch (sort) {
    case Sort::id:
      return static_cast<double>(connection.id);
    case Sort::age:
      return static_cast<double>(connection.age.count());
    case Sort::idle:
      return static_cast<double>(connection.idle.count());
    case Sort::rate:
      return rate_of(connection);
    case Sort::bytes:
      return static_cast<double>(connection.bytes_in + connection.bytes_out);
    case Sort::kept:
      return static_cast<double>(connection.kept_for_client + connection.kept_for_backend);
    case Sort::rtt:
      return connection.rtt_us ? *connection.rtt_us : -1.0;
    case Sort::retransmits:
      break;
  }
  return connection.retransmits ? *connection.retransmits : -1.0;
}

/// `192.0.2.1`, `2001:db8::/64`
std::string name_of(const IpAddress& source) {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(source.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<unsigned char>(source.low >> (56 - 8 * i));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (source.is_v4()) {
    ::inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    return text.data();
  }
  ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return std::string(text.data()) + "/64";
}

class Filter {
 public:
  explicit Filter(const ConnectionQuery& query) : query_(query) {
    if (query.source.empty()) return;
    sources_.emplace();
    sources_->add(query.source);
    sources_->seal();
  }

  bool passes(const LiveConnection& connection) const {
    return is(query_.listener, connection.listener) && is(query_.upstream, connection.upstream) &&
           (query_.backend.empty() || (connection.backend && *connection.backend == query_.backend)) &&
           comes_from_there(connection) && connection.age >= query_.min_age && connection.idle >= query_.min_idle &&
           rate_of(connection) >= query_.min_rate && (!query_.slow || !connection.slow_side.empty());
  }

 private:
  static bool is(const std::string& wanted, const std::string& found) { return wanted.empty() || wanted == found; }
  bool comes_from_there(const LiveConnection& connection) const {
    if (!sources_) return true;
    const auto holds = [&](const ClientAddress& client) {
      const std::optional<IpAddress> address = client.ip();
      return address && sources_->contains(*address);
    };
    return holds(connection.client) || (connection.proxied_client && holds(*connection.proxied_client));
  }

  const ConnectionQuery& query_;
  std::optional<AddressSet> sources_;
};

}  // namespace

CarriedThen::CarriedThen(const LiveConnections& connections) : when_(connections.when) {
  bytes_.reserve(connections.all.size());
  for (const LiveConnection& connection : connections.all) {
    bytes_.emplace(connection.id, Bytes{connection.bytes_in, connection.bytes_out});
  }
}

void CarriedThen::set_rates(LiveConnections& now) const {
  const double since = std::chrono::duration<double>(now.when - when_).count();
  for (LiveConnection& connection : now.all) {
    const auto before = bytes_.find(connection.id);
    const double age = std::chrono::duration<double>(connection.age).count();
    // One that is older but was not seen then: its worker was not looked through to the end.
    if (before == bytes_.end() && age > since + 0.1) continue;
    const double seconds = before != bytes_.end() ? since : std::min(since, age);
    if (seconds <= 0) continue;
    const Bytes then = before != bytes_.end() ? before->second : Bytes{0, 0};
    connection.rate_in = static_cast<double>(connection.bytes_in - then.in) / seconds;
    connection.rate_out = static_cast<double>(connection.bytes_out - then.out) / seconds;
  }
}

ConnectionPage select_connections(const LiveConnections& connections, const ConnectionQuery& query) {
  const Filter filter(query);
  std::vector<const LiveConnection*> matching;
  for (const LiveConnection& connection : connections.all) {
    if (filter.passes(connection)) matching.push_back(&connection);
  }
  const std::size_t first = std::min(query.offset, matching.size());
  const std::size_t last = first + std::min(query.limit, matching.size() - first);
  // Equal ones stand in the order of their ids, so that pages do not overlap.
  const auto before = [&](const LiveConnection* one, const LiveConnection* other) {
    const double mine = key_of(*one, query.sort);
    const double others = key_of(*other, query.sort);
    if (mine != others) return query.ascending ? mine < others : mine > others;
    return one->id < other->id;
  };
  const auto place = [&](std::size_t at) { return matching.begin() + static_cast<std::ptrdiff_t>(at); };
  std::partial_sort(matching.begin(), place(last), matching.end(), before);
  ConnectionPage page;
  page.total = connections.all.size();
  page.complete = connections.complete;
  page.matched = matching.size();
  for (std::size_t i = first; i < last; ++i) page.connections.push_back(*matching[i]);
  return page;
}

std::vector<SourceSummary> summarize_sources(const LiveConnections& connections, std::size_t most) {
  std::map<std::optional<IpAddress>, SourceSummary> sources;
  for (const LiveConnection& connection : connections.all) {
    const std::optional<IpAddress> address = source_of(connection).ip();
    SourceSummary& sum = sources[address ? std::optional(address->source()) : std::nullopt];
    ++sum.connections;
    sum.bytes_in += connection.bytes_in;
    sum.bytes_out += connection.bytes_out;
  }
  std::vector<SourceSummary> list;
  for (auto& [source, sum] : sources) {
    sum.source = source ? name_of(*source) : "unix";
    list.push_back(std::move(sum));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& one, const auto& other) { return one.connections > other.connections; });
  if (list.size() > most) list.resize(most);
  return list;
}

}  // namespace weir
