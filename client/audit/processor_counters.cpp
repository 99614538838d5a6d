#include "client/audit/processor_counters.hpp"

#include <algorithm>

#include "client/audit/proc_file.hpp"

namespace weir::load {

ProcessorTicks ProcessorTicks::parse(std::string_view text) {
  ProcessorTicks ticks;
  std::string_view line = take_line(text);
  if (take_word(line) != "cpu") return ticks;
  // proc(5): user nice system idle iowait irq softirq steal; guest time stands in user already.
  for (int column = 0; column < 8; ++column) {
    const std::uint64_t count = leading_number(take_word(line));
    ticks.total += count;
    if (column != 3 && column != 4) ticks.busy += count;
    if (column == 7) ticks.stolen = count;
  }
  return ticks;
}

std::optional<std::chrono::microseconds> parse_pressure(std::string_view text) {
  constexpr std::string_view kTotal = "total=";
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (take_word(line) != "some") continue;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      if (!word.starts_with(kTotal)) continue;
      return std::chrono::microseconds(static_cast<std::int64_t>(leading_number(word.substr(kTotal.size()))));
    }
  }
  return {};
}

Throttling Throttling::parse(std::string_view text) {
  using std::chrono::microseconds;
  Throttling found;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view key = take_word(line);
    const std::uint64_t number = leading_number(take_word(line));
    if (key == "nr_periods") found.periods = number;
    if (key == "nr_throttled") found.throttled = number;
    if (key == "throttled_usec") found.time = microseconds(static_cast<std::int64_t>(number));
    if (key == "throttled_time") found.time = microseconds(static_cast<std::int64_t>(number / 1000));  // version 1: ns
  }
  return found;
}

std::vector<std::string> quota_files(std::string_view cgroups) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& mount, std::string_view path) {
    // From the group itself up to the root that this process sees.
    for (std::string_view group = path; group.size() > 1; group = group.substr(0, group.rfind('/'))) {
      files.push_back(mount + std::string(group) + "/cpu.stat");
    }
    files.push_back(mount + "/cpu.stat");
  };
  while (!cgroups.empty()) {
    // cgroups(7): hierarchy:controllers:path, and 0::path of version 2.
    const std::string_view line = take_line(cgroups);
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view path = line.substr(second + 1);
    const std::string controllers = ',' + std::string(line.substr(first + 1, second - first - 1)) + ',';
    // `..` is a group outside of what this process sees.
    if (!path.starts_with('/') || path.find("/..") != std::string_view::npos) continue;
    if (controllers == ",,") {
      add("/sys/fs/cgroup", path);
      add("/sys/fs/cgroup/unified", path);
    } else if (controllers.find(",cpu,") != std::string::npos) {
      add("/sys/fs/cgroup/cpu", path);
    }
  }
  return files;
}

}  // namespace weir::load
