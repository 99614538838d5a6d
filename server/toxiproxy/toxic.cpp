#include "server/toxiproxy/toxic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "server/toxiproxy/fitting_name.hpp"
#include "server/toxiproxy/json_fields.hpp"
#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {

namespace {

namespace json = boost::json;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// A type's name and those of its attributes, which are whole numbers.
struct Form {
  std::string_view name;
  std::span<const std::string_view> attributes;
};

constexpr std::array<std::string_view, 2> kOfLatency{"latency", "jitter"};
constexpr std::array<std::string_view, 1> kOfBandwidth{"rate"};
constexpr std::array<std::string_view, 1> kOfSlowClose{"delay"};
constexpr std::array<std::string_view, 1> kOfTimeout{"timeout"};
constexpr std::array<std::string_view, 3> kOfSlicer{"average_size", "size_variation", "delay"};
constexpr std::array<std::string_view, 1> kOfLimitData{"bytes"};

/// In the order of Toxic::Type.
const std::array<Form, 8> kForms{{
    {"latency", kOfLatency},
    {"bandwidth", kOfBandwidth},
    {"slow_close", kOfSlowClose},
    {"timeout", kOfTimeout},
    {"reset_peer", kOfTimeout},
    {"slicer", kOfSlicer},
    {"limit_data", kOfLimitData},
    {"noop", {}},
}};

const Form& form_of(Toxic::Type type) { return kForms.at(static_cast<std::size_t>(type)); }

std::string_view word_of(Toxic::Stream stream) { return stream == Toxic::Stream::upstream ? "upstream" : "downstream"; }

Toxic::Stream parse_stream(std::string_view word) {
  if (boost::beast::iequals({word.data(), word.size()}, "upstream")) return Toxic::Stream::upstream;
  if (boost::beast::iequals({word.data(), word.size()}, "downstream")) return Toxic::Stream::downstream;
  throw Problem(400, "stream was invalid, can be either upstream or downstream");
}

Toxic::Type parse_type(std::string_view word) {
  const auto* const found =
      std::find_if(kForms.begin(), kForms.end(), [word](const Form& form) { return form.name == word; });
  if (found == kForms.end()) throw Problem(400, "invalid toxic type");
  return static_cast<Toxic::Type>(found - kForms.begin());
}

void read_attributes(const JsonFields& fields, Toxic& toxic) {
  const std::span<const std::string_view> names = form_of(toxic.type).attributes;
  toxic.attributes.resize(names.size());
  const json::value* const value = fields.find("attributes");
  if (value == nullptr) return;
  const JsonFields attributes(*value);
  for (std::size_t i = 0; i < names.size(); ++i) {
    attributes.read(names[i], toxic.attributes[i]);
    if (toxic.attributes[i] < 0) throw bad_body(fmt::format("{} must not be negative", names[i]));
  }
}

// An attribute as the number of something; one that is beyond all bounds stays so, and is refused by those of faults.

std::uint64_t times(std::int64_t value, std::int64_t factor) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::uint64_t>(value > kMost / factor ? kMost : value * factor);
}

microseconds from_milliseconds(std::int64_t value) { return microseconds(times(value, 1000)); }

/// The kinds that it consists of; the first bears its name.
std::vector<faults::Kind> kinds_of(const Toxic& toxic) {
  const std::vector<std::int64_t>& values = toxic.attributes;
  switch (toxic.type) {
    case Toxic::Type::latency:
      if (values[0] == 0 && values[1] == 0) return {};
      return {
          faults::Latency{from_milliseconds(values[0]), from_milliseconds(values[1]), faults::Distribution::uniform}};
    case Toxic::Type::bandwidth:
      return {faults::Bandwidth{times(values[0], 1000)}};
    case Toxic::Type::slow_close:
      if (values[0] == 0) return {};
      return {faults::SlowClose{from_milliseconds(values[0])}};
    case Toxic::Type::timeout:
      if (values[0] == 0) return {faults::Stall{}};
      return {faults::Stall{}, faults::End{std::nullopt, from_milliseconds(values[0])}};
    case Toxic::Type::reset_peer:
      if (values[0] == 0) return {faults::Reset{}};
      return {faults::Reset{std::nullopt, from_milliseconds(values[0])}};
    case Toxic::Type::slicer: {
      const auto size = static_cast<std::uint64_t>(std::max<std::int64_t>(values[0], 1));
      return {faults::Slice{size, std::min(static_cast<std::uint64_t>(values[1]), size), microseconds(values[2])}};
    }
    case Toxic::Type::limit_data:
      return {faults::End{static_cast<std::uint64_t>(values[0]), std::nullopt}};
    case Toxic::Type::noop:
      break;
  }
  return {};
}

/// Of connections; 0.07 is 7 and nothing beside it.
double percent_of(double toxicity) {
  constexpr double kFinest = 1e9;
  return std::clamp(std::round(toxicity * 100 * kFinest) / kFinest, 0.0, 100.0);
}

}  // namespace

Toxic read_toxic(const std::string& body) {
  const json::value value = parse_body(body);
  const JsonFields fields(value);
  Toxic toxic;
  std::string type;
  std::string stream(word_of(toxic.stream));
  fields.read("name", toxic.name);
  fields.read("type", type);
  fields.read("stream", stream);
  fields.read("toxicity", toxic.toxicity);
  toxic.stream = parse_stream(stream);
  toxic.type = parse_type(type);
  if (toxic.name.empty()) toxic.name = fmt::format("{}_{}", type, word_of(toxic.stream));
  read_attributes(fields, toxic);
  return toxic;
}

Toxic read_update(Toxic toxic, const std::string& body) {
  const json::value value = parse_body(body);
  const JsonFields fields(value);
  fields.read("toxicity", toxic.toxicity);
  read_attributes(fields, toxic);
  return toxic;
}

json::object toxic_json(const Toxic& toxic) {
  const Form& form = form_of(toxic.type);
  json::object attributes;
  for (std::size_t i = 0; i < form.attributes.size(); ++i) attributes[form.attributes[i]] = toxic.attributes[i];
  return {{"attributes", std::move(attributes)},
          {"name", toxic.name},
          {"type", form.name},
          {"stream", word_of(toxic.stream)},
          {"toxicity", toxic.toxicity}};
}

std::vector<faults::Fault> faults_of(const Toxic& toxic) {
  std::vector<faults::Fault> all;
  const double percent = percent_of(toxic.toxicity);
  if (percent == 0) return all;
  for (const faults::Kind& kind : kinds_of(toxic)) {
    faults::Fault& fault = all.emplace_back();
    fault.name = fitting_name(toxic.name + (all.size() == 1 ? "" : ".end"));
    fault.way = toxic.stream == Toxic::Stream::upstream ? faults::Way::upstream : faults::Way::downstream;
    fault.percent = percent;
    fault.kind = kind;
    if (all.size() > 1) fault.lot_of = all.front().name;
  }
  return all;
}

}  // namespace weir::toxiproxy
