#include "server/toxiproxy/toxics.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {

namespace {

using FaultPtr = Daemon::FaultPtr;

/// Whether a fault is on as the toxic set it, whatever the configuration makes of its duration.
bool is_on(const std::vector<FaultPtr>& on, const faults::Fault& wanted) {
  return std::any_of(on.begin(), on.end(), [&](const FaultPtr& fault) {
    return fault->name == wanted.name && fault->way == wanted.way && fault->percent == wanted.percent &&
           fault->kind == wanted.kind;
  });
}

auto find_toxic(std::vector<Toxic>& toxics, const std::string& name) {
  return std::find_if(toxics.begin(), toxics.end(), [&](const Toxic& toxic) { return toxic.name == name; });
}

}  // namespace

std::vector<Toxic>& Toxics::living(const std::string& listener) {
  std::vector<Toxic>& toxics = of_listeners_[listener];
  if (toxics.empty()) return toxics;
  const std::vector<FaultPtr> on = daemon_.faults(listener);
  std::erase_if(toxics, [&](const Toxic& toxic) {
    const std::vector<faults::Fault> wanted = faults_of(toxic);
    const auto lives = [&](const faults::Fault& fault) { return is_on(on, fault); };
    if (std::all_of(wanted.begin(), wanted.end(), lives)) return false;
    for (const faults::Fault& fault : wanted) {
      if (lives(fault)) daemon_.remove_fault(listener, fault.name);
    }
    return true;
  });
  return toxics;
}

std::vector<Toxic> Toxics::of(const std::string& listener) {
  std::vector<Toxic> toxics = living(listener);
  std::stable_sort(toxics.begin(), toxics.end(),
                   [](const Toxic& one, const Toxic& other) { return one.stream < other.stream; });
  return toxics;
}

Toxic Toxics::find(const std::string& listener, const std::string& name) {
  std::vector<Toxic>& toxics = living(listener);
  const auto found = find_toxic(toxics, name);
  if (found == toxics.end()) throw toxic_not_found();
  return *found;
}

void Toxics::add(const std::string& listener, const Toxic& toxic) {
  std::vector<Toxic>& toxics = living(listener);
  if (find_toxic(toxics, toxic.name) != toxics.end()) throw toxic_already_exists();
  // Nor may it take the place of a fault that the configuration or an operator has set.
  const std::vector<FaultPtr> on = daemon_.faults(listener);
  for (const faults::Fault& wanted : faults_of(toxic)) {
    const auto is_of_name = [&](const FaultPtr& fault) { return fault->name == wanted.name; };
    if (std::any_of(on.begin(), on.end(), is_of_name)) throw toxic_already_exists();
  }
  set(listener, toxic);
  toxics.push_back(toxic);
}

void Toxics::change(const std::string& listener, const Toxic& toxic) {
  std::vector<Toxic>& toxics = living(listener);
  const auto place = find_toxic(toxics, toxic.name);
  if (place == toxics.end()) throw toxic_not_found();
  const std::vector<faults::Fault> before = faults_of(*place);
  set(listener, toxic);
  const std::vector<faults::Fault> after = faults_of(toxic);
  for (const faults::Fault& old : before) {
    const auto is_of_name = [&](const faults::Fault& fault) { return fault.name == old.name; };
    if (std::none_of(after.begin(), after.end(), is_of_name)) daemon_.remove_fault(listener, old.name);
  }
  *place = toxic;
}

/// All of its faults or none.
void Toxics::set(const std::string& listener, const Toxic& toxic) {
  try {
    for (faults::Fault& fault : faults_of(toxic)) daemon_.set_fault(listener, std::move(fault));
  } catch (const std::runtime_error& error) {
    throw bad_body(error.what());
  }
}

void Toxics::take_away(const std::string& listener, const Toxic& toxic) {
  const std::vector<faults::Fault> gone = faults_of(toxic);
  // First, so that what was held back does not pass.
  if (toxic.type == Toxic::Type::timeout && !gone.empty()) daemon_.cut(listener);
  for (const faults::Fault& fault : gone) daemon_.remove_fault(listener, fault.name);
}

void Toxics::remove(const std::string& listener, const std::string& name) {
  std::vector<Toxic>& toxics = living(listener);
  const auto place = find_toxic(toxics, name);
  if (place == toxics.end()) throw toxic_not_found();
  take_away(listener, *place);
  toxics.erase(place);
}

void Toxics::clear(const std::string& listener) {
  std::vector<Toxic>& toxics = living(listener);
  for (const Toxic& toxic : toxics) take_away(listener, toxic);
  toxics.clear();
}

void Toxics::keep_only(const std::vector<RunningProxy>& proxies) {
  std::erase_if(of_listeners_, [&](const auto& entry) {
    return std::none_of(proxies.begin(), proxies.end(),
                        [&](const RunningProxy& proxy) { return proxy.listener == entry.first; });
  });
}

}  // namespace weir::toxiproxy
