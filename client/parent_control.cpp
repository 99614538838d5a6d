#include "client/parent_control.hpp"

#include <poll.h>

#include "client/report/histogram_json.hpp"

namespace weir::load {

namespace json = boost::json;

void ParentControl::take() {
  if (!parent_.receive()) interrupted_ = true;
  while (const std::optional<json::object> message = parent_.next()) {
    if (message->contains("interrupt")) interrupted_ = true;
    if (!message->contains("begin_ns")) continue;
    // The clock is one for all processes of the machine: CLOCK_MONOTONIC.
    const std::chrono::nanoseconds begin(message->at("begin_ns").to_number<std::int64_t>());
    start_ = Start{io::Clock::time_point(std::chrono::duration_cast<io::Clock::duration>(begin)),
                   {message->at("first").to_number<std::uint32_t>(), message->at("total").to_number<std::uint32_t>()}};
  }
}

bool ParentControl::interrupted() {
  take();
  return interrupted_;
}

void ParentControl::connecting(double, std::uint32_t settled, std::uint32_t reached, std::uint32_t) {
  parent_.send({{"settled", settled}, {"reached", reached}});
}

std::optional<Start> ParentControl::wait_for_start(std::uint32_t reached) {
  figures_.reached = reached;
  parent_.send({{"stands", reached}});
  while (!start_ && !interrupted_) {
    pollfd waiting{parent_.fd(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    take();
  }
  return interrupted_ ? std::nullopt : start_;
}

void ParentControl::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double,
                            const char* phase) {
  parent_.send({{"at_s", interval.at},
                {"length_s", interval.length},
                {"done", interval.done},
                {"open", open},
                {"failures", failures},
                {"warmup", std::string_view(phase).starts_with("warmup")},
                {"buckets", buckets_to_json(interval.buckets)}});
}

void ParentControl::collected(const WorkerStats& news, std::uint32_t open) {
  if (!metrics_) return;
  figures_.add(news);
  figures_.open = open;
  parent_.send({{"figures", figures_to_json(figures_)}});
}

}  // namespace weir::load
