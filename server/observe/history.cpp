#include "server/observe/history.hpp"

#include <utility>

#include "server/observe/backends_by_name.hpp"

namespace weir {

namespace {

/// A count goes back where one of two backends with one name left and took its own with it.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) { return now > before ? now - before : 0; }

/// Adds what `now` has beyond `before` to a step.
void add_growth(HistoryPoint& step, const HistoryPoint& before, const HistoryPoint& now) {
  step.accepted += growth(before.accepted, now.accepted);
  step.bytes_in += growth(before.bytes_in, now.bytes_in);
  step.bytes_out += growth(before.bytes_out, now.bytes_out);
  step.active += now.active;
  for (std::size_t i = 0; i < kSessionEnds; ++i) step.ended[i] += growth(before.ended[i], now.ended[i]);
  step.connect_failures += growth(before.connect_failures, now.connect_failures);
}

HistoryPoint totals_of(const ListenerSnapshot& listener) {
  return {.accepted = listener.accepted,
          .bytes_in = listener.bytes_in,
          .bytes_out = listener.bytes_out,
          .active = listener.active,
          .ended = listener.ended};
}

HistoryPoint totals_of(const BackendSnapshot& backend) {
  HistoryPoint totals{.accepted = backend.connects,
                      .bytes_in = backend.bytes_to,
                      .bytes_out = backend.bytes_from,
                      .active = backend.active};
  for (const auto& [reason, count] : backend.connect_failures) totals.connect_failures += count;
  return totals;
}

}  // namespace

void History::add(const ServerSnapshot& now) {
  HistoryStep step{.end = now.time, .listeners = {}, .upstreams = {}};
  Totals totals;
  const auto add = [&](HistoryPoint& point, Totals::key_type name, const HistoryPoint& total) {
    const auto before = totals_.find(name);
    // What was not there before has counted from 0.
    add_growth(point, before == totals_.end() ? HistoryPoint{} : before->second, total);
    totals.emplace(std::move(name), total);
  };
  for (const ListenerSnapshot& listener : now.listeners) {
    add(step.listeners[listener.name], {Kind::listener, listener.name, ""}, totals_of(listener));
  }
  for (const UpstreamSnapshot& upstream : now.upstreams) {
    HistoryPoint& point = step.upstreams[upstream.name];  // of one without backends too
    for (const BackendSnapshot& backend : backends_by_name(upstream.backends)) {
      add(point, {Kind::backend, upstream.name, backend.name}, totals_of(backend));
    }
  }
  steps_.push_back(std::move(step));
  if (steps_.size() > kSteps) steps_.pop_front();
  totals_ = std::move(totals);
}

}  // namespace weir
