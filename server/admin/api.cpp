#include "server/admin/api.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/verb.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "common/logging.hpp"
#include "common/metrics/metric_family.hpp"
#include "common/printable.hpp"
#include "server/admin/faults_reply.hpp"
#include "server/admin/guard.hpp"
#include "server/admin/json_connections.hpp"
#include "server/admin/json_history.hpp"
#include "server/admin/json_status.hpp"
#include "server/admin/page.hpp"
#include "server/admin/query.hpp"
#include "server/admin/reload_reply.hpp"
#include "server/admin/target.hpp"
#include "server/config/config_words.hpp"
#include "server/config/value.hpp"
#include "server/observe/metrics_text.hpp"

namespace weir::admin {

/// A request on its way to its handler.
struct Call {
  const Caller& caller;
  const Request& request;
  const Target target;
};

namespace {

namespace json = boost::json;
using http::verb;

Reply not_found(const std::string& what) { return error_reply(404, what); }

/// What a line of the log says of a change that was none.
const char* already(Change change) { return change == Change::already ? "; it was so already" : ""; }

bool accepts_open_metrics(const Request& request) {
  const auto accept = request[http::field::accept];
  return std::string_view(accept.data(), accept.size()).find("application/openmetrics-text") != std::string_view::npos;
}

/// `{"level": "debug"}`
LogLevel parse_level(const std::string& body) {
  const std::string right = "write {\"level\": \"debug\"}; the levels are " + any_of_these(kWordsOf<LogLevel>);
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* const object = error ? nullptr : value.if_object();
  const json::value* const level = object == nullptr || object->size() != 1 ? nullptr : object->if_contains("level");
  if (level == nullptr || !level->is_string()) throw BadRequest("the body holds no level; " + right);
  const auto& word = level->get_string();
  const auto* const found =
      std::find(kWordsOf<LogLevel>.begin(), kWordsOf<LogLevel>.end(), std::string_view(word.data(), word.size()));
  if (found == kWordsOf<LogLevel>.end()) {
    throw BadRequest(in_quotes({word.data(), word.size()}) + " is not a level; " + right);
  }
  return static_cast<LogLevel>(found - kWordsOf<LogLevel>.begin());
}

/// What the calls of a backend's state come to.
Reply backend_reply(const Call& call, Change change, const char* done) {
  const std::string& upstream = call.target.path[3];
  const std::string& backend = call.target.path[4];
  if (change == Change::not_found) {
    return not_found("no upstream " + in_quotes(upstream) + " has a backend " + in_quotes(backend) +
                     "; /api/v1/status names them all");
  }
  spdlog::info("admin: {} {} backend {} of upstream {}{}", call.caller.name, done, backend, upstream, already(change));
  return result_reply(change == Change::done);
}

/// The same of a listener's.
Reply listener_reply(const Call& call, Change change, const char* done) {
  const std::string& listener = call.target.path[3];
  if (change == Change::not_found) {
    return not_found("there is no listener " + in_quotes(listener) + "; /api/v1/status names them all");
  }
  spdlog::info("admin: {} {} listener {}{}", call.caller.name, done, listener, already(change));
  return result_reply(change == Change::done);
}

}  // namespace

/// A pattern of paths (matches_path()) and a method, and who answers: at once or later.
struct Api::Route {
  verb method;
  std::string_view path;
  Reply (Api::*now)(const Call&) = nullptr;
  net::awaitable<Reply> (Api::*later)(const Call&) = nullptr;
};

struct Api::Routes {
  static constexpr std::array kAll{
      Route{verb::get, "/healthz", &Api::healthz},
      Route{verb::get, "/readyz", &Api::readyz},
      Route{verb::get, "/metrics", &Api::metrics},
      Route{verb::get, "/", &Api::page},
      Route{verb::get, "/api/v1/status", &Api::status},
      Route{verb::get, "/api/v1/history", &Api::history},
      Route{verb::get, "/api/v1/connections", nullptr, &Api::connections},
      Route{verb::delete_, "/api/v1/connections/*", nullptr, &Api::kill},
      Route{verb::get, "/api/v1/sources", nullptr, &Api::sources},
      Route{verb::get, "/api/v1/records", &Api::records},
      Route{verb::get, "/api/v1/config", &Api::config},
      Route{verb::post, "/api/v1/backends/*/*/drain", &Api::drain_backend},
      Route{verb::post, "/api/v1/backends/*/*/enable", &Api::enable_backend},
      Route{verb::post, "/api/v1/listeners/*/drain", nullptr, &Api::drain_listener},
      Route{verb::post, "/api/v1/listeners/*/enable", nullptr, &Api::enable_listener},
      Route{verb::get, "/api/v1/faults", &Api::faults},
      Route{verb::delete_, "/api/v1/faults", nullptr, &Api::clear_faults},
      Route{verb::post, "/api/v1/listeners/*/faults", nullptr, &Api::set_fault},
      Route{verb::delete_, "/api/v1/listeners/*/faults", nullptr, &Api::clear_faults_of_listener},
      Route{verb::delete_, "/api/v1/listeners/*/faults/*", nullptr, &Api::remove_fault},
      Route{verb::post, "/api/v1/drain", &Api::drain},
      Route{verb::post, "/api/v1/reload", nullptr, &Api::reload},
      Route{verb::post, "/api/v1/upgrade", nullptr, &Api::upgrade},
      Route{verb::get, "/api/v1/log/level", &Api::log_level},
      Route{verb::put, "/api/v1/log/level", &Api::set_log_level},
  };

  /// The one that answers, or why there is none.
  static std::pair<const Route*, Reply> find(verb method, const std::vector<std::string>& path) {
    std::string allowed;
    for (const Route& route : kAll) {
      if (!matches_path(route.path, path)) continue;
      if (route.method == method || (route.method == verb::get && method == verb::head)) return {&route, {}};
      const auto name = to_string(route.method);
      allowed += (allowed.empty() ? "" : ", ") + std::string(name.data(), name.size());
      if (route.method == verb::get) allowed += ", HEAD";
    }
    if (allowed.empty()) return {nullptr, not_found("there is nothing here; the paths are in docs/api.md")};
    Reply reply = error_reply(405, "this path takes only " + allowed);
    reply.headers.emplace_back("Allow", allowed);
    return {nullptr, std::move(reply)};
  }
};

std::optional<Reply> Api::refuse(const Caller& caller, const RequestHead& head) {
  return admin::refuse(caller, head, config_, [this](std::string_view offered) { return token_.check(offered); });
}

net::awaitable<Reply> Api::answer(Caller caller, Request request) {
  if (auto refusal = refuse(caller, request)) co_return std::move(*refusal);
  Reply reply;
  try {
    const auto text = request.target();
    const Call call{caller, request, parse_target({text.data(), text.size()})};
    auto [route, none] = Routes::find(request.method(), call.target.path);
    if (route == nullptr) {
      reply = std::move(none);
    } else if (route->now != nullptr) {
      reply = (this->*route->now)(call);
    } else {
      reply = co_await (this->*route->later)(call);
    }
  } catch (const BadRequest& error) {
    reply = error_reply(400, error.what());
  } catch (const Conflict& error) {
    reply = error_reply(409, error.what());
  } catch (const boost::system::system_error& error) {
    if (error.code() == net::asio::error::operation_aborted) throw;
    spdlog::error("admin: a request failed: {}", error.what());
    reply = error_reply(500, "the daemon failed to answer; its log says more");
  } catch (const std::exception& error) {
    spdlog::error("admin: a request failed: {}", error.what());
    reply = error_reply(500, "the daemon failed to answer; its log says more");
  }
  co_return reply;
}

Reply Api::healthz(const Call& call) {
  parse_empty_query(call.target);
  return json_reply(200, {{"status", "ok"}});
}

Reply Api::readyz(const Call& call) {
  parse_empty_query(call.target);
  const ServerSnapshot snapshot = daemon_.snapshot();
  if (snapshot.ready) return json_reply(200, {{"status", "ready"}});
  return json_reply(503, {{"status", snapshot.draining ? "draining" : "starting"}});
}

Reply Api::metrics(const Call& call) {
  parse_empty_query(call.target);
  const bool open = accepts_open_metrics(call.request);
  return {200, open ? kOpenMetricsTextType : kPrometheusTextType, render_metrics(daemon_.snapshot(), open)};
}

Reply Api::page(const Call& /*call*/) { return page_reply(); }

Reply Api::status(const Call& call) {
  parse_empty_query(call.target);
  return json_reply(200, status_json(daemon_.snapshot()));
}

Reply Api::history(const Call& call) {
  parse_empty_query(call.target);
  return json_reply(200, history_json(daemon_.history()));
}

net::awaitable<Reply> Api::connections(const Call& call) {
  const ConnectionQuery query = parse_connection_query(call.target);
  const ConnectionPage found = co_await daemon_.connections(query);
  co_return json_reply(200, connections_json(query, found));
}

net::awaitable<Reply> Api::sources(const Call& call) {
  const std::size_t most = parse_source_query(call.target);
  const std::vector<SourceSummary> found = co_await daemon_.top_sources(most);
  co_return json_reply(200, sources_json(found));
}

Reply Api::records(const Call& call) {
  const RecordQuery query = parse_record_query(call.target);
  return {200, "application/json", records_json(daemon_.recent_records(query.failed, query.limit))};
}

Reply Api::config(const Call& call) {
  parse_empty_query(call.target);
  return {200, "application/yaml", daemon_.effective_config()};
}

net::awaitable<Reply> Api::kill(const Call& call) {
  parse_empty_query(call.target);
  const std::string& text = call.target.path.back();
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw BadRequest(in_quotes(text) + " is not the id of a connection; /api/v1/connections has them");
  }
  const Change change = co_await daemon_.kill(id);
  if (change == Change::not_found) co_return not_found("no connection has the id " + std::to_string(id));
  spdlog::info("admin: {} killed connection {}{}", call.caller.name, id, already(change));
  co_return result_reply(change == Change::done);
}

Reply Api::drain_backend(const Call& call) {
  parse_empty_query(call.target);
  return backend_reply(call, daemon_.drain_backend(call.target.path[3], call.target.path[4]), "drained");
}

Reply Api::enable_backend(const Call& call) {
  parse_empty_query(call.target);
  return backend_reply(call, daemon_.enable_backend(call.target.path[3], call.target.path[4]), "enabled");
}

net::awaitable<Reply> Api::drain_listener(const Call& call) {
  parse_empty_query(call.target);
  const Change change = co_await daemon_.drain_listener(call.target.path[3]);
  co_return listener_reply(call, change, "drained");
}

net::awaitable<Reply> Api::enable_listener(const Call& call) {
  parse_empty_query(call.target);
  const Change change = co_await daemon_.enable_listener(call.target.path[3]);
  co_return listener_reply(call, change, "enabled");
}

Reply Api::faults(const Call& call) {
  parse_empty_query(call.target);
  return faults_reply(daemon_);
}

net::awaitable<Reply> Api::set_fault(const Call& call) {
  parse_empty_query(call.target);
  Reply reply = set_fault_reply(daemon_, call.caller, call.target.path[3], call.request.body());
  co_await daemon_.until_faults_reach_all();
  co_return reply;
}

net::awaitable<Reply> Api::remove_fault(const Call& call) {
  parse_empty_query(call.target);
  Reply reply = remove_fault_reply(daemon_, call.caller, call.target.path[3], call.target.path[5]);
  co_await daemon_.until_faults_reach_all();
  co_return reply;
}

net::awaitable<Reply> Api::clear_faults_of_listener(const Call& call) {
  parse_empty_query(call.target);
  Reply reply = clear_faults_reply(daemon_, call.caller, call.target.path[3]);
  co_await daemon_.until_faults_reach_all();
  co_return reply;
}

net::awaitable<Reply> Api::clear_faults(const Call& call) {
  parse_empty_query(call.target);
  Reply reply = clear_faults_reply(daemon_, call.caller, std::nullopt);
  co_await daemon_.until_faults_reach_all();
  co_return reply;
}

Reply Api::drain(const Call& call) {
  parse_empty_query(call.target);
  const Change change = daemon_.drain();
  spdlog::info("admin: {} drains the daemon{}", call.caller.name, already(change));
  return result_reply(change == Change::done);
}

net::awaitable<Reply> Api::reload(const Call& call) {
  const bool dry_run = parse_reload_query(call.target);
  // Counted first: afterwards what was removed is gone.
  const ConnectionCounts counts = connection_counts(daemon_.snapshot());
  const Reload reload = co_await daemon_.reload(dry_run);
  Reply reply = reload_reply(reload, dry_run, counts);
  if (!dry_run) {
    spdlog::info("admin: {} asked for a reload{}", call.caller.name,
                 reload.result == Reload::Result::refused     ? "; it was refused"
                 : reload.result == Reload::Result::unchanged ? "; nothing differs"
                                                              : "");
  }
  co_return reply;
}

net::awaitable<Reply> Api::upgrade(const Call& call) {
  parse_empty_query(call.target);
  spdlog::info("admin: {} asks for an upgrade", call.caller.name);
  const Upgrade upgrade = co_await daemon_.upgrade();
  if (upgrade.successor != 0) co_return json_reply(200, {{"result", "upgraded"}, {"pid", upgrade.successor}});
  co_return json_reply(409, {{"error", "the upgrade failed, and what ran before goes on; the problems say why"},
                             {"problems", boost::json::array(upgrade.problems.begin(), upgrade.problems.end())}});
}

Reply Api::log_level(const Call& call) {
  parse_empty_query(call.target);
  return json_reply(200, {{"level", std::string(word_of(daemon_.log_level()))}});
}

Reply Api::set_log_level(const Call& call) {
  parse_empty_query(call.target);
  const LogLevel level = parse_level(call.request.body());
  const LogLevel before = daemon_.log_level();
  const auto log = [&] {
    spdlog::info("admin: {} set the log's level from {} to {}", call.caller.name, word_of(before), word_of(level));
  };
  if (level > before) log();  // while it is still written
  daemon_.set_log_level(level);
  if (level <= before) log();
  return result_reply(level != before);
}

}  // namespace weir::admin
