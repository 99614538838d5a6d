#include "server/observe/backends_by_name.hpp"

#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

namespace weir {

namespace {

void add_counts(BackendSnapshot& total, const BackendSnapshot& other) {
  total.active += other.active;
  total.connects += other.connects;
  for (const auto& [reason, count] : other.connect_failures) total.connect_failures[reason] += count;
  total.bytes_to += other.bytes_to;
  total.bytes_from += other.bytes_from;
  total.checks_passed += other.checks_passed;
  total.checks_failed += other.checks_failed;
  total.ejections += other.ejections;
  total.connect_times.add(other.connect_times);
  if (!total.tls || !other.tls) return;
  for (std::size_t i = 0; i < kBackendHandshakeResults; ++i) total.tls->handshakes[i] += other.tls->handshakes[i];
  total.tls->truncated += other.tls->truncated;
}

}  // namespace

std::vector<BackendSnapshot> backends_by_name(const std::vector<BackendSnapshot>& backends) {
  std::vector<BackendSnapshot> distinct;
  std::map<std::string_view, std::size_t> places;  // of the names in `distinct`
  for (const BackendSnapshot& backend : backends) {
    const auto [place, is_new] = places.try_emplace(backend.name, distinct.size());
    if (is_new) {
      distinct.push_back(backend);
      continue;
    }
    BackendSnapshot& known = distinct[place->second];
    BackendSnapshot merged = known.state == BackendState::left ? backend : known;
    add_counts(merged, known.state == BackendState::left ? known : backend);
    known = std::move(merged);
  }
  return distinct;
}

}  // namespace weir
