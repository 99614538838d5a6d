#include "server/admin/json_diff.hpp"

#include <boost/json/array.hpp>
#include <string>
#include <utility>
#include <vector>

namespace weir::admin {
namespace {

namespace json = boost::json;

const char* word_of(ItemChange change) {
  return change == ItemChange::added ? "added" : change == ItemChange::removed ? "removed" : "changed";
}

json::array texts_json(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::object key_json(const KeyChange& key) {
  if (key.added.empty() && key.removed.empty()) {
    return {{"key", key.path}, {"before", key.before}, {"after", key.after}};
  }
  return {{"key", key.path}, {"added", texts_json(key.added)}, {"removed", texts_json(key.removed)}};
}

json::array keys_json(const std::vector<KeyChange>& keys) {
  json::array array;
  for (const KeyChange& key : keys) array.push_back(key_json(key));
  return array;
}

json::object listener_json(const ListenerDiff& listener, const ConnectionCounts& counts) {
  return {{"name", listener.name},
          {"change", word_of(listener.change)},
          {"keys", keys_json(listener.keys)},
          {"opens", texts_json(listener.opened)},
          {"closes", texts_json(listener.closed)},
          {"connections", counts.of_listener(listener.name)}};
}

json::object upstream_json(const UpstreamDiff& upstream, const ConnectionCounts& counts) {
  json::array backends;
  for (const BackendDiff& backend : upstream.backends) {
    backends.push_back({{"entry", backend.target},
                        {"change", word_of(backend.change)},
                        {"keys", keys_json(backend.keys)},
                        {"connections", counts.of_backend(upstream.name, backend.target)}});
  }
  return {{"name", upstream.name},
          {"change", word_of(upstream.change)},
          {"keys", keys_json(upstream.keys)},
          {"backends", std::move(backends)}};
}

}  // namespace

json::object diff_json(const ConfigDiff& diff, const ConnectionCounts& counts) {
  json::array refused;
  for (const RefusedChange& one : diff.refused) {
    json::object key = key_json(one.key);
    key["instead"] = one.instead;
    refused.push_back(std::move(key));
  }
  json::array listeners;
  for (const ListenerDiff& listener : diff.listeners) listeners.push_back(listener_json(listener, counts));
  json::array upstreams;
  for (const UpstreamDiff& upstream : diff.upstreams) upstreams.push_back(upstream_json(upstream, counts));
  return {{"refused", std::move(refused)},
          {"listeners", std::move(listeners)},
          {"upstreams", std::move(upstreams)},
          {"daemon", keys_json(diff.process)}};
}

}  // namespace weir::admin
