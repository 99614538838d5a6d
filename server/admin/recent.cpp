#include "server/admin/recent.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"

namespace weir::admin {

namespace {

void add_step(Recent& recent, const boost::json::value& step) {
  for (const auto& listener : map_of(step, "listeners")) {
    Recent::Listener& sum = recent.listeners[terminal_text(listener.key())];
    for (const auto& end : map_of(listener.value(), "ended")) {
      if (end.value().is_number()) sum.ended[terminal_text(end.key())] += end.value().to_number<double>();
    }
  }
  for (const auto& upstream : map_of(step, "upstreams")) {
    Recent::Upstream& sum = recent.upstreams[terminal_text(upstream.key())];
    sum.connects += number_of(upstream.value(), "connects");
    sum.connect_failures += number_of(upstream.value(), "connect_failures");
  }
}

}  // namespace

Recent recent_of(const boost::json::value& history) {
  Recent recent;
  const double step_seconds = number_of(history, "step_seconds");
  const boost::json::array& steps = list_of(history, "steps");
  if (step_seconds <= 0 || steps.empty()) return recent;
  const double wanted = std::chrono::duration<double>(Recent::kSpan).count() / step_seconds;
  const std::size_t count = std::min(steps.size(), static_cast<std::size_t>(std::clamp(wanted, 1.0, 100'000.0)));
  recent.span = std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(count) * step_seconds * 1000));
  for (std::size_t i = steps.size() - count; i < steps.size(); ++i) add_step(recent, steps[i]);
  for (const auto& listener : map_of(steps.back(), "listeners")) {
    Recent::Listener& last = recent.listeners[terminal_text(listener.key())];
    last.accepted_rate = number_of(listener.value(), "accepted") / step_seconds;
    last.in_rate = number_of(listener.value(), "bytes_in") / step_seconds;
    last.out_rate = number_of(listener.value(), "bytes_out") / step_seconds;
  }
  return recent;
}

}  // namespace weir::admin
