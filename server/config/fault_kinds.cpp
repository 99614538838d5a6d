#include "server/config/fault_kinds.hpp"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "common/printable.hpp"

namespace weir {

void FaultList::fail_without_section(const Value& value) {
  value.problems().add(value.key_position(), value.path(),
                       "needs the section `faults` of the daemon, which says that there may be any; write faults: {} "
                       "at the top of the file, or remove these");
}

void Seed::read(const Value& value, std::uint64_t& seed, Reading&) const {
  const std::string right = fmt::format("a whole number from 0 to {}", kMost);
  const std::optional<std::string> found = value.text(right);
  if (!found) return;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), number);
  const bool whole = error == std::errc{} && end == found->data() + found->size();
  if (!value.node().plain || !whole || number > kMost) return value.fail(in_quotes(*found) + " is not " + right);
  seed = number;
}

void Seed::dump(TreeWriter& out, std::uint64_t seed) const { out.plain(std::to_string(seed)); }

void check_percent(MapReader& map, const faults::Fault& fault, Reading& reading) {
  const std::optional<Value> percent = map.find("percent");
  if (!reading.config.faults || fault.percent <= reading.config.faults->max_percent) return;
  (percent ? *percent : map.map())
      .fail(fmt::format("percent {} is more than faults.max_percent allows; write {} or less", fault.percent,
                        reading.config.faults->max_percent));
}

void check_default_api_bind(MapReader& map, const ToxiproxyConfig& api, Reading& reading) {
  if (!map.find("bind")) reading.bound.add(api.bind, map.map());
}

}  // namespace weir
