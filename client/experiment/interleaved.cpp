#include "client/experiment/interleaved.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "client/experiment/first_failure.hpp"
#include "client/experiment/process_use.hpp"
#include "client/experiment/step_control.hpp"
#include "client/load_run.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

using Duration = LoadOptions::Duration;

/// Blocks of each side where the length of one is not given.
constexpr int kUsualBlocks = 10;
constexpr Duration kShortestBlock = std::chrono::milliseconds(100);
constexpr Duration kLongestBlock = std::chrono::seconds(5);

/// One of the two, as its blocks add up.
struct Turn {
  const char* name;
  LoadOptions plan;
  LoadResult result;
  Blocks blocks;
};

Duration block_of(const AbOptions& options) {
  if (options.block) return *options.block;
  return std::clamp(*options.plan.duration / (2 * kUsualBlocks), kShortestBlock, kLongestBlock);
}

LoadOptions plan_of(const AbOptions& options, const Address& target, Duration block) {
  LoadOptions plan = options.plan;
  plan.target = target;
  plan.duration = block;
  if (plan.warmup.count() == 0) plan.warmup = block / 10;
  // The block is what is compared, and not its parts.
  plan.interval = std::max<Duration>(block, std::chrono::milliseconds(10));
  return plan;
}

/// Adds the block that came after.
void append(LoadResult& whole, LoadResult block) {
  if (whole.window_seconds == 0) {
    block.stats.failures.merge(whole.stats.failures);
    whole = std::move(block);
    return;
  }
  const double seconds = whole.window_seconds + block.window_seconds;
  whole.machine_busy =
      (whole.machine_busy * whole.window_seconds + block.machine_busy * block.window_seconds) / seconds;
  if (whole.audit && block.audit) whole.audit->append(*block.audit, block.window_seconds / seconds);
  whole.window_seconds = seconds;
  whole.reached = std::max(whole.reached, block.reached);
  whole.cpu_seconds += block.cpu_seconds;
  whole.retransmits += block.retransmits;
  whole.stats.merge(block.stats);
  whole.fairness.merge(block.fairness);
  whole.intervals.insert(whole.intervals.end(), block.intervals.begin(), block.intervals.end());
}

class Interleaved {
 public:
  explicit Interleaved(const AbOptions& options)
      : options_(options),
        block_(block_of(options)),
        pairs_(std::max<int>(static_cast<int>(kLeastBlocks), static_cast<int>(*options.plan.duration / (2 * block_)))),
        control_(options.plan),
        a_{"A", plan_of(options, options.a, block_), {}, {}},
        b_{"B", plan_of(options, options.b, block_), {}, {}} {}

  Comparison run() {
    cpu_time_of(options_.pids);  // that there are such processes is asked before the work begins
    for (int pair = 0; pair < pairs_; ++pair) {
      // A comes first in every other pair.
      Turn& first = pair % 2 == 0 ? a_ : b_;
      Turn& second = pair % 2 == 0 ? b_ : a_;
      std::optional<LoadResult> one = measure(first, 2 * pair);
      if (!one) break;
      std::optional<LoadResult> other = measure(second, 2 * pair + 1);
      if (!other) break;
      keep(first, std::move(*one));
      keep(second, std::move(*other));
    }
    if (a_.blocks.empty()) {
      throw std::runtime_error(failure_.empty() ? "interrupted before both targets had a block: nothing to compare"
                                                : failure_);
    }
    return compare();
  }

 private:
  /// Nothing when Ctrl-C ended it, or no connection could be opened any more.
  std::optional<LoadResult> measure(Turn& turn, int number) {
    const double blocks = 2.0 * pairs_;
    control_.next(fmt::format("{} {}/{}", turn.name, number / 2 + 1, pairs_), number / blocks, 1 / blocks);
    const bool is_proxy = &turn == &b_;
    const auto before = is_proxy ? cpu_time_of(options_.pids) : std::chrono::nanoseconds(0);
    // Both sides of a pair have the same lengths and arrivals, and the next pair has others.
    turn.plan.message.seed = options_.plan.message.seed + static_cast<std::uint64_t>(number / 2);
    LoadResult result = run_load(turn.plan, {.all_connections = turn.plan.connections}, control_);
    if (result.ended_by == EndedBy::interrupt) return std::nullopt;
    if (result.ended_by == EndedBy::no_connection) {
      failure_ = fmt::format("{} ({}): {}", turn.name, turn.plan.target.to_string(), first_failure(result));
      // It counts as errors of that side.
      turn.result.stats.failures.merge(result.stats.failures);
      return std::nullopt;
    }
    if (is_proxy) {
      proxy_cpu_ += cpu_time_of(options_.pids) - before;
      // Of the requests that went through, those of the warmup too.
      proxy_requests_ += static_cast<double>(result.stats[Count::done]);
      proxy_seconds_ += result.window_seconds + std::chrono::duration<double>(turn.plan.warmup).count();
    }
    return result;
  }

  static void keep(Turn& turn, LoadResult result) {
    turn.blocks.push_back(
        {result.window_seconds,
         result.rate() * result.window_seconds,
         {result.times().buckets(), result.stats[Time::connect].buckets(), result.stats[Time::handshake].buckets()}});
    append(turn.result, std::move(result));
  }

  Comparison compare() {
    const auto side = [this](Turn& turn, const char* label) {
      // What was asked for is the whole, and not one block.
      turn.result.options = turn.plan;
      turn.result.options.duration = options_.plan.duration;
      return ComparedSide{label, {std::move(turn.result)}, Sample{std::move(turn.blocks)}};
    };
    const bool via = options_.question == Question::via;
    Comparison comparison = compare_sides(options_.question, side(a_, via ? "direct" : "A"),
                                          side(b_, via ? "through the proxy" : "B"), true, options_.settings);
    comparison.command = options_.plan.command;
    if (!failure_.empty()) comparison.objections.push_back(failure_ + ", so the comparison ended early");
    if (!options_.pids.empty() && proxy_seconds_ > 0) {
      ProxyUse use{options_.pids, process_name(options_.pids.front()), 0, 0, 0};
      use.cpu_seconds = std::chrono::duration<double>(proxy_cpu_).count();
      use.cores = use.cpu_seconds / proxy_seconds_;
      if (proxy_requests_ > 0) use.microseconds_each = use.cpu_seconds * 1e6 / proxy_requests_;
      comparison.proxy = std::move(use);
    }
    return comparison;
  }

  const AbOptions& options_;
  const Duration block_;
  const int pairs_;
  std::string failure_;  ///< why it ended early
  StepControl control_;
  Turn a_;
  Turn b_;
  std::chrono::nanoseconds proxy_cpu_{0};
  double proxy_requests_ = 0;
  double proxy_seconds_ = 0;
};

}  // namespace

Comparison run_interleaved(const AbOptions& options) { return Interleaved(options).run(); }

}  // namespace weir::load
