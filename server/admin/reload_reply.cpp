#include "server/admin/reload_reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "server/admin/json_diff.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

Reply refusal(const Reload& reload, const ConnectionCounts& counts) {
  std::vector<std::string> problems = reload.problems;
  if (problems.empty()) {
    for (const RefusedChange& refused : reload.diff.refused) problems.push_back(refused.to_string());
  }
  return json_reply(409, {{"error", "the configuration is refused, and nothing has changed; the problems say why"},
                          {"problems", json::array(problems.begin(), problems.end())},
                          {"changes", diff_json(reload.diff, counts)},
                          {"text", describe(reload.diff, counts)}});
}

const char* word_of(Reload::Result result, bool dry_run) {
  if (result == Reload::Result::unchanged) return "unchanged";
  return dry_run ? "would_apply" : "applied";
}

}  // namespace

ConnectionCounts connection_counts(const ServerSnapshot& snapshot) {
  ConnectionCounts counts;
  for (const ListenerSnapshot& listener : snapshot.listeners) counts.listeners[listener.name] += listener.active;
  for (const UpstreamSnapshot& upstream : snapshot.upstreams) {
    for (const BackendSnapshot& backend : upstream.backends) {
      counts.backends[{upstream.name, backend.entry}] += backend.active;
    }
  }
  return counts;
}

Reply reload_reply(const Reload& reload, bool dry_run, const ConnectionCounts& counts) {
  if (reload.result == Reload::Result::refused) return refusal(reload, counts);
  return json_reply(200, {{"result", word_of(reload.result, dry_run)},
                          {"changes", diff_json(reload.diff, counts)},
                          {"text", describe(reload.diff, counts)}});
}

}  // namespace weir::admin
