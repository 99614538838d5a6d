#include "server/config/config_diff_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "common/printable.hpp"

namespace weir {
namespace {

/// In this order: what goes, what changes, what comes.
constexpr std::array kOrder{ItemChange::removed, ItemChange::changed, ItemChange::added};

char sign_of(ItemChange change) {
  return change == ItemChange::removed ? '-' : change == ItemChange::added ? '+' : '~';
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

/// The first of a long list, and how many more there are.
std::string some_of(const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 5;
  if (items.size() <= kShown + 1) return joined(items, ", ");
  const std::vector<std::string> first(items.begin(), items.begin() + kShown);
  return fmt::format("{} and {} more", joined(first, ", "), items.size() - kShown);
}

/// `3 connections go on until they end`
std::string connections(std::uint64_t count, std::string_view one, std::string_view many) {
  return count == 1 ? fmt::format("1 connection {}", one) : fmt::format("{} connections {}", count, many);
}

std::string going_on(std::uint64_t count) {
  return connections(count, "goes on until it ends", "go on until they end");
}

std::string in_brackets(const std::string& text) { return text.empty() ? "" : " (" + text + ")"; }

std::string change_of(const KeyChange& key) {
  if (key.added.empty() && key.removed.empty()) return fmt::format("{} {} -> {}", key.path, key.before, key.after);
  std::vector<std::string> parts;
  if (!key.removed.empty()) parts.push_back("without " + some_of(key.removed));
  if (!key.added.empty()) parts.push_back("with " + some_of(key.added));
  return key.path + " " + joined(parts, ", ");
}

std::string listener_line(const ConfigDiff& diff, const ListenerDiff& listener, std::uint64_t count) {
  const std::string name = "listener " + terminal_text(listener.name);
  if (listener.change == ItemChange::added) return name + " on " + some_of(listener.opened);
  if (listener.change == ItemChange::removed) {
    std::string closes = name + " closes " + some_of(listener.closed);
    if (count == 0) return closes;
    if (!diff.cuts_removed) return closes + "; " + going_on(count);
    if (diff.drain_timeout == "0s") return closes + "; " + connections(count, "is cut at once", "are cut at once");
    return fmt::format("{}; {} {} to end before the rest is cut", closes, connections(count, "has", "have"),
                       diff.drain_timeout);
  }
  std::vector<std::string> parts;
  if (!listener.closed.empty()) parts.push_back("closes " + some_of(listener.closed));
  if (!listener.opened.empty()) parts.push_back("opens " + some_of(listener.opened));
  for (const KeyChange& key : listener.keys) parts.push_back(change_of(key));
  return name + ": " + joined(parts, "; ") +
         in_brackets(count == 0 ? "" : connections(count, "goes on as it is", "go on as they are"));
}

std::string backend_part(const BackendDiff& backend, std::uint64_t count) {
  if (backend.change == ItemChange::added) return "+ backend " + terminal_text(backend.target);
  if (backend.change == ItemChange::removed) {
    return "- backend " + terminal_text(backend.target) + in_brackets(count == 0 ? "" : going_on(count));
  }
  std::vector<std::string> keys;
  for (const KeyChange& key : backend.keys) keys.push_back(change_of(key));
  return "~ backend " + terminal_text(backend.target) + " " + joined(keys, ", ");
}

std::string upstream_line(const UpstreamDiff& upstream, const ConnectionCounts& counts) {
  const std::string name = "upstream " + terminal_text(upstream.name);
  std::vector<std::string> targets;
  std::vector<std::string> parts;
  std::uint64_t all = 0;
  for (const BackendDiff& backend : upstream.backends) {
    const std::uint64_t count = counts.of_backend(upstream.name, backend.target);
    targets.push_back(terminal_text(backend.target));
    all += count;
    parts.push_back(backend_part(backend, count));
  }
  if (upstream.change == ItemChange::added) return name + " with " + some_of(targets);
  if (upstream.change == ItemChange::removed) return name + (all == 0 ? "" : "; " + going_on(all));
  for (const KeyChange& key : upstream.keys) parts.push_back(change_of(key));
  return name + ": " + joined(parts, "; ");
}

}  // namespace

std::uint64_t ConnectionCounts::of_listener(const std::string& name) const {
  const auto found = listeners.find(name);
  return found == listeners.end() ? 0 : found->second;
}

std::uint64_t ConnectionCounts::of_backend(const std::string& upstream, const std::string& target) const {
  const auto found = backends.find({upstream, target});
  return found == backends.end() ? 0 : found->second;
}

std::string describe(const ConfigDiff& diff, const ConnectionCounts& counts) {
  std::string text;
  const auto add = [&text](char sign, const std::string& line) { text += fmt::format("{} {}\n", sign, line); };
  for (const RefusedChange& refused : diff.refused) add('!', refused.to_string());
  for (const ItemChange change : kOrder) {
    for (const ListenerDiff& listener : diff.listeners) {
      if (listener.change != change) continue;
      add(sign_of(change), listener_line(diff, listener, counts.of_listener(listener.name)));
    }
  }
  for (const ItemChange change : kOrder) {
    for (const UpstreamDiff& upstream : diff.upstreams) {
      if (upstream.change == change) add(sign_of(change), upstream_line(upstream, counts));
    }
  }
  for (const KeyChange& key : diff.process) add('~', change_of(key));
  return text;
}

}  // namespace weir
