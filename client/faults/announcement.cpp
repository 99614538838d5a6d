#include "client/faults/announcement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cmath>
#include <stdexcept>

#include "common/faults/fault_json.hpp"
#include "common/faults/fault_rules.hpp"
#include "common/printable.hpp"
#include "common/stable_hash.hpp"

namespace weir::load {

namespace {

namespace json = boost::json;

const json::value& member(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(json::string_view(key.data(), key.size()));
  if (found == nullptr) throw std::runtime_error(fmt::format("{} is missing", in_quotes(key)));
  return *found;
}

std::string text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

/// The listener that is meant; the others' names are said where there is none.
const json::object& choose(const json::array& listeners, const std::string& name) {
  const json::object* found = nullptr;
  std::string names;
  std::size_t candidates = 0;
  for (const json::value& value : listeners) {
    const json::object& listener = value.as_object();
    const std::string own = text_of(member(listener, "name"));
    const bool has_faults = !member(listener, "faults").as_array().empty();
    if (has_faults) names += fmt::format("{}{}", names.empty() ? "" : ", ", own);
    if (name.empty() ? !has_faults : own != name) continue;
    found = &listener;
    ++candidates;
  }
  const std::string known = names.empty() ? "no listener has any" : "these have some: " + names;
  if (candidates == 0 && name.empty()) throw std::runtime_error("no listener has a fault");
  if (candidates == 0) throw std::runtime_error(fmt::format("there is no listener {}; {}", in_quotes(name), known));
  if (candidates > 1) throw std::runtime_error(fmt::format("--faults-listener NAME says which is meant; {}", known));
  return *found;
}

Announcement understand(const json::object& document, const std::string& name) {
  Announcement announcement;
  announcement.seed = member(document, "seed").to_number<std::uint64_t>();
  const json::object& listener = choose(member(document, "listeners").as_array(), name);
  announcement.listener = text_of(member(listener, "name"));
  for (const json::value& value : member(listener, "faults").as_array()) {
    const json::object& one = value.as_object();
    auto fault = std::make_shared<const faults::Fault>(faults::from_json(member(one, "definition")));
    // What no configuration could say, nothing here can reckon with: a slice of no bytes, a block of none.
    if (const std::string problem = faults::problem_of(*fault); !problem.empty()) throw std::runtime_error(problem);
    const json::value* const left = one.if_contains("left_seconds");
    if (left != nullptr && !left->is_null()) {
      const std::chrono::milliseconds time(std::llround(left->to_number<double>() * 1000));
      announcement.left = std::min(announcement.left.value_or(time), time);
    }
    announcement.faults.push_back(std::move(fault));
  }
  if (announcement.faults.empty()) {
    throw std::runtime_error(fmt::format("listener {} has no fault", in_quotes(announcement.listener)));
  }
  return announcement;
}

}  // namespace

Announcement read_announcement(std::string_view text, const std::string& listener) {
  try {
    return understand(json::parse(json::string_view(text.data(), text.size())).as_object(), listener);
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(fmt::format("this is not what weir faults --json prints: {}", error.what()));
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(error.what());
  }
}

/// The hash is the daemon's (ClientAddress::source_hash()).
faults::Who who_is(std::uint64_t number, const std::optional<IpAddress>& address) {
  return {number, address, address ? mix(mix(address->high) ^ address->low) : 0};
}

faults::Met lot_of(const Announcement& announcement, const std::shared_ptr<const faults::Fault>& fault,
                   const faults::Who& who) {
  const std::uint64_t number = fault->key == faults::Fault::Key::source ? who.source_hash : who.number;
  return {fault, faults::Lot(announcement.seed, announcement.listener, fault->name, number)};
}

}  // namespace weir::load
