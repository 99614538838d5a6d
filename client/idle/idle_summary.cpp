#include "client/idle/idle_summary.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/tls/stream.hpp"

namespace weir::load {

namespace {

struct Names {
  std::string_view key;
  std::string_view text;
};

constexpr std::array<Names, kIdleEnds> kNames{{
    {"unopened", "not established"},
    {"open", "still open"},
    {"fin", "closed (FIN)"},
    {"truncated", "closed without close_notify"},
    {"rst", "reset (RST)"},
    {"timed_out", "timed out (keepalive)"},
    {"alert", "ended by TLS (alert or broken record)"},
    {"failed", "failed"},
}};

}  // namespace

std::string_view idle_end_key(IdleEnd end) { return kNames[static_cast<std::size_t>(end)].key; }
std::string_view idle_end_text(IdleEnd end) { return kNames[static_cast<std::size_t>(end)].text; }

IdleEnd idle_end_of(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ECONNREFUSED:
      return IdleEnd::rst;
    case ETIMEDOUT:
      return IdleEnd::timed_out;
    case tls::Stream::kTruncated:
      return IdleEnd::truncated;
    case tls::Stream::kBroken:
      return IdleEnd::alert;
    default:
      return IdleEnd::failed;
  }
}

std::uint64_t IdleSummary::count(IdleEnd end) const {
  return static_cast<std::uint64_t>(
      std::count_if(tallies.begin(), tallies.end(), [end](const IdleTally& tally) { return tally.end == end; }));
}

std::uint64_t IdleSummary::ended() const {
  return static_cast<std::uint64_t>(
      std::count_if(tallies.begin(), tallies.end(), [](const IdleTally& tally) { return is_ended(tally.end); }));
}

FailureCounts IdleSummary::failures() const {
  FailureCounts failures;
  for (const IdleTally& tally : tallies) {
    if (tally.failure != Failure::none) failures.add(tally.failure);
  }
  return failures;
}

std::uint64_t IdleSummary::bytes() const {
  std::uint64_t sum = 0;
  for (const IdleTally& tally : tallies) sum += tally.bytes;
  return sum;
}

std::vector<io::Clock::duration> IdleSummary::lifetimes() const {
  std::vector<io::Clock::duration> lifetimes;
  for (const IdleTally& tally : tallies) {
    if (is_ended(tally.end)) lifetimes.push_back(tally.lifetime());
  }
  std::sort(lifetimes.begin(), lifetimes.end());
  return lifetimes;
}

std::vector<std::uint32_t> IdleSummary::first_ended(std::size_t most) const {
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    if (is_ended(tallies[i].end)) numbers.push_back(static_cast<std::uint32_t>(i));
  }
  std::sort(numbers.begin(), numbers.end(), [this](std::uint32_t one, std::uint32_t other) {
    return std::pair(tallies[one].ended, one) < std::pair(tallies[other].ended, other);
  });
  if (numbers.size() > most) numbers.resize(most);
  return numbers;
}

int IdleSummary::exit_status() const {
  if (ended_by == IdleEndedBy::no_connection || failures().total() > options.max_errors) return 1;
  return options.max_ended && ended() > *options.max_ended ? 1 : 0;
}

std::vector<LifetimeRow> lifetime_rows(const std::vector<io::Clock::duration>& sorted, std::size_t rows) {
  std::vector<LifetimeRow> result;
  if (sorted.empty() || rows == 0) return result;
  const io::Clock::duration least = sorted.front();
  const io::Clock::duration width = (sorted.back() - least) / static_cast<std::int64_t>(rows);
  // Milliseconds apart is the same time to whoever looks for a timeout.
  if (width < std::chrono::milliseconds(1)) return {{least, sorted.size()}};
  for (std::size_t row = 0; row < rows; ++row) result.push_back({least + width * static_cast<std::int64_t>(row), 0});
  for (const io::Clock::duration lifetime : sorted) {
    const auto row = static_cast<std::size_t>((lifetime - least) / width);
    ++result[std::min(row, rows - 1)].count;
  }
  return result;
}

}  // namespace weir::load
