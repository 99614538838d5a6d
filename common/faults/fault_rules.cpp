#include "common/faults/fault_rules.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "common/address_set.hpp"
#include "common/name_form.hpp"
#include "common/units.hpp"

namespace weir::faults {

namespace {

class Problems {
 public:
  std::vector<Problem> operator()(const Latency& latency) && {
    bounded("delay", latency.delay);
    bounded("jitter", latency.jitter);
    if (latency.distribution == Distribution::constant && latency.jitter.count() != 0) {
      add("jitter", "says nothing with distribution: constant; remove it, or write uniform, normal or pareto");
    }
    return std::move(found_);
  }
  std::vector<Problem> operator()(const Bandwidth& bandwidth) && {
    if (bandwidth.rate > kFastestByteRate) add("", "is too fast; 1000GB/s is the most");
    return std::move(found_);
  }
  std::vector<Problem> operator()(const Slice& slice) && {
    if (slice.size == 0) add("size", "is 0, but no slice is empty; write 1 or more");
    bounded("size", slice.size);
    if (slice.variation > slice.size) {
      add("variation", fmt::format("{} is more than size {}; write no more than that", format_size(slice.variation),
                                   format_size(slice.size)));
    }
    bounded("delay", slice.delay);
    return std::move(found_);
  }
  std::vector<Problem> operator()(const Stall& stall) && {
    bounded("after", stall.after);
    bounded("for", stall.duration);
    bounded("every", stall.every);
    if (stall.every != 0 && stall.duration.count() == 0) {
      add("every", "says nothing where the first stall never ends; write how long it lasts as for: 200ms");
    }
    const bool is_chance = stall.probability >= 0 && stall.probability <= 1;
    if (!is_chance) add("probability", fmt::format("{} is not a number from 0 to 1", stall.probability));
    return std::move(found_);
  }
  std::vector<Problem> operator()(const Reset& reset) && { return cut(reset); }
  std::vector<Problem> operator()(const End& end) && { return cut(end); }
  std::vector<Problem> operator()(const SlowClose& slow) && {
    bounded("", slow.delay);
    return std::move(found_);
  }
  std::vector<Problem> operator()(const Refuse& /*refuse*/) && { return {}; }
  std::vector<Problem> operator()(const Connect& connect) && {
    bounded("delay", connect.delay);
    if (connect.delay.count() == 0 && !connect.fail) add("", "does nothing; write delay: 1s, or fail: true");
    return std::move(found_);
  }
  std::vector<Problem> operator()(const HalfOpen& /*half_open*/) && { return {}; }
  std::vector<Problem> operator()(const Corrupt& corrupt) && {
    if (corrupt.per_bytes == 0) add("per_bytes", "is 0, but a block has bytes; write 1 or more");
    bounded("per_bytes", corrupt.per_bytes);
    return std::move(found_);
  }

 private:
  template <typename Cut>
  std::vector<Problem> cut(const Cut& cut) {
    if (cut.after_bytes) bounded("after_bytes", *cut.after_bytes);
    if (cut.after) bounded("after", *cut.after);
    return std::move(found_);
  }
  void bounded(std::string_view key, std::uint64_t bytes) {
    if (bytes > kMostBytes) add(key, fmt::format("is too large; write {} or less", format_size(kMostBytes)));
  }
  void bounded(std::string_view key, std::chrono::microseconds time) {
    if (time.count() < 0) add(key, "is negative");
    if (time > kLongestDuration) add(key, "is longer than ten years");
  }
  void add(std::string_view key, std::string message) { found_.push_back({key, std::move(message)}); }

  std::vector<Problem> found_;
};

std::string problem_of_sources(const std::vector<std::string>& sources) {
  try {
    AddressSet ranges;
    for (const std::string& range : sources) ranges.add(range);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

}  // namespace

std::vector<Problem> problems_of(const Kind& kind) {
  return std::visit([](const auto& one) { return Problems()(one); }, kind);
}

std::string problem_of(const Fault& fault) {
  if (std::string problem = problem_of_name(fault.name); !problem.empty()) return "name: " + problem;
  const bool is_percentage = fault.percent >= 0 && fault.percent <= 100;
  if (!is_percentage) return fmt::format("percent: {} is not a number from 0 to 100", fault.percent);
  if (fault.duration.count() < 0) return "for: is negative";
  if (std::string problem = problem_of_sources(fault.sources); !problem.empty()) return "sources: " + problem;
  const std::vector<Problem> problems = problems_of(fault.kind);
  if (problems.empty()) return "";
  const auto& [key, message] = problems.front();
  return fmt::format("{}{}{}: {}", kind_name(fault.kind), key.empty() ? "" : ".", key, message);
}

}  // namespace weir::faults
