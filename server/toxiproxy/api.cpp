#include "server/toxiproxy/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/json/array.hpp>
#include <boost/system/system_error.hpp>
#include <string_view>
#include <utility>

#include "common/logging.hpp"
#include "common/metrics/metric_family.hpp"
#include "server/admin/guard.hpp"
#include "server/admin/target.hpp"
#include "server/toxiproxy/metrics.hpp"

namespace weir::toxiproxy {

using admin::Reply;

/// A request on its way to its handler.
struct Api::Call {
  const std::string& body;
  boost::beast::http::verb method;
  std::vector<std::string> path;

  const std::string& proxy() const { return path[1]; }
  const std::string& toxic() const { return path[3]; }
};

namespace {

namespace json = boost::json;
using boost::beast::http::verb;
using Found = std::vector<RunningProxy>;

Reply json_reply(unsigned status, const json::value& value) {
  return {status, "application/json", admin::json_text(value)};
}

Reply done() { return {204, "", ""}; }

Reply problem_reply(const Problem& problem) {
  Reply reply = json_reply(problem.status, {{"error", problem.what()}, {"status", problem.status}});
  reply.body += '\n';
  return reply;
}

Problem of_the_file(const RunningProxy& proxy, const std::string& wish) {
  return {403,
          fmt::format("proxy {} is a listener of Weir's configuration file, which alone says {}; faults.api can have "
                      "it enabled or disabled, and its toxics",
                      proxy.proxy.name, wish)};
}

/// What clients know a port for that something else has.
Problem failure_to_put(const Proxy& proxy, const std::string& why) {
  if (why.find("Address already in use") == std::string::npos) return {500, why};
  return {500, fmt::format("listen tcp {}: bind: address already in use", plain_listen(proxy.listen))};
}

Found::const_iterator find_proxy(const Found& all, const std::string& name) {
  return std::find_if(all.begin(), all.end(), [&](const RunningProxy& one) { return one.proxy.name == name; });
}

}  // namespace

/// A pattern of paths (matches_path()) and a method, and who answers: at once or later. What changes something waits
/// for its turn.
struct Api::Route {
  verb method;
  std::string_view path;
  Reply (Api::*now)(const Call&) = nullptr;
  net::awaitable<Reply> (Api::*later)(const Call&) = nullptr;
};

struct Api::Routes {
  static constexpr std::array kAll{
      Route{verb::get, "/proxies", &Api::list_proxies},
      Route{verb::post, "/proxies", nullptr, &Api::add_proxy},
      Route{verb::post, "/populate", nullptr, &Api::populate},
      Route{verb::get, "/proxies/*", &Api::show_proxy},
      Route{verb::post, "/proxies/*", nullptr, &Api::change_proxy},
      Route{verb::patch, "/proxies/*", nullptr, &Api::change_proxy},
      Route{verb::delete_, "/proxies/*", nullptr, &Api::remove_proxy},
      Route{verb::get, "/proxies/*/toxics", &Api::list_toxics},
      Route{verb::post, "/proxies/*/toxics", &Api::add_toxic},
      Route{verb::get, "/proxies/*/toxics/*", &Api::show_toxic},
      Route{verb::post, "/proxies/*/toxics/*", &Api::change_toxic},
      Route{verb::patch, "/proxies/*/toxics/*", &Api::change_toxic},
      Route{verb::delete_, "/proxies/*/toxics/*", &Api::remove_toxic},
      Route{verb::post, "/reset", nullptr, &Api::reset},
      Route{verb::get, "/version", &Api::version},
      Route{verb::get, "/metrics", &Api::metrics},
  };

  /// Throws Problem.
  static const Route& find(verb method, const std::vector<std::string>& path) {
    const bool has_empty = std::find(path.begin(), path.end(), "") != path.end();  // no name is
    bool is_known = false;
    for (const Route& route : kAll) {
      if (has_empty || !admin::matches_path(route.path, path)) continue;
      if (route.method == method || (route.method == verb::get && method == verb::head)) return route;
      is_known = true;
    }
    if (is_known) throw Problem(405, "method not allowed");
    throw Problem(404, "404 page not found");
  }
};

std::optional<Reply> Api::refuse(const admin::Caller& /*caller*/, const admin::RequestHead& head) {
  const auto agent = head[admin::http::field::user_agent];
  if (agent.starts_with("Mozilla/")) return Reply{403, "text/plain; charset=utf-8", "User agent not allowed\n"};
  if (!admin::comes_from_a_foreign_page(head)) return std::nullopt;
  return problem_reply({403, "this request comes from a page, and pages may not ask"});
}

net::awaitable<Reply> Api::answer(admin::Caller caller, admin::Request request) {
  if (auto refusal = refuse(caller, request)) co_return std::move(*refusal);
  Reply reply;
  try {
    const auto text = request.target();
    const Call call{request.body(), request.method(), admin::parse_target({text.data(), text.size()}).path};
    reply = co_await dispatch(call);
  } catch (const Problem& problem) {
    reply = problem_reply(problem);
  } catch (const admin::BadRequest& error) {
    reply = problem_reply({400, error.what()});
  } catch (const boost::system::system_error& error) {
    if (error.code() == net::asio::error::operation_aborted) throw;
    reply = problem_reply({500, error.what()});
  } catch (const std::exception& error) {
    reply = problem_reply({500, error.what()});
  }
  if (reply.status >= 500) {
    spdlog::warn("faults.api: {} got {}: {}", caller.name, reply.status, reply.body.substr(0, reply.body.find('\n')));
  }
  reply.headers.emplace_back("X-Toxiproxy-Request-Id", fmt::format("{:020x}", ++requests_));
  co_return reply;
}

net::awaitable<Reply> Api::dispatch(const Call& call) {
  const Route& route = Routes::find(call.method, call.path);
  const bool only_looks = route.method == verb::get;
  if (only_looks) co_return (this->*route.now)(call);
  const Turns::Turn turn = co_await turns_.take();
  Reply reply;
  if (route.now != nullptr) {
    reply = (this->*route.now)(call);
  } else {
    reply = co_await (this->*route.later)(call);
  }
  co_await daemon_.until_faults_reach_all();  // clients rely on it
  co_return reply;
}

/// By name, as Toxiproxy lists them.
Found Api::running() {
  Found all = daemon_.proxies();
  toxics_.keep_only(all);
  std::sort(all.begin(), all.end(),
            [](const auto& one, const auto& other) { return one.proxy.name < other.proxy.name; });
  return all;
}

std::optional<RunningProxy> Api::find(const std::string& name) {
  const Found all = running();
  const auto found = find_proxy(all, name);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

RunningProxy Api::get(const std::string& name) {
  std::optional<RunningProxy> found = find(name);
  if (!found) throw proxy_not_found();
  return *std::move(found);
}

Reply Api::proxy_reply(unsigned status, const std::string& name) {
  const RunningProxy found = get(name);
  return json_reply(status, proxy_json(found.proxy, toxics_.of(found.listener)));
}

Reply Api::list_proxies(const Call& /*call*/) {
  json::object list;
  for (const RunningProxy& one : running()) list[one.proxy.name] = proxy_json(one.proxy, toxics_.of(one.listener));
  return json_reply(200, list);
}

Reply Api::show_proxy(const Call& call) { return proxy_reply(200, call.proxy()); }

net::awaitable<void> Api::make(Proxy proxy) {
  if (!daemon_.may_create()) {
    throw Problem(403,
                  "proxies are made here only where Weir's configuration says so; write faults: {api: {create: true}}, "
                  "or give the file a listener");
  }
  std::string why;
  try {
    co_await daemon_.put(proxy);
  } catch (const Problem&) {
    throw;
  } catch (const boost::system::system_error&) {
    throw;
  } catch (const std::runtime_error& error) {
    why = error.what();
  }
  if (!why.empty()) throw failure_to_put(proxy, why);
}

/// What the one is becomes what the other says.
net::awaitable<void> Api::become(RunningProxy before, Proxy after) {
  if (after == before.proxy) co_return;
  if (before.made) {
    co_await make(std::move(after));
    co_return;
  }
  if (!same_ends(before.proxy, after)) throw of_the_file(before, "where it listens and where its connections go");
  if (after.enabled == before.proxy.enabled) co_return;
  co_await daemon_.enable(before.listener, after.enabled);
  if (after.enabled) {
    closed_.erase(before.listener);
  } else {
    closed_.insert(before.listener);
  }
}

net::awaitable<Reply> Api::add_proxy(const Call& call) {
  Proxy proxy = read_proxy(call.body);
  if (find(proxy.name)) throw proxy_already_exists();
  const std::string name = proxy.name;
  co_await make(std::move(proxy));
  co_return proxy_reply(201, name);
}

net::awaitable<Reply> Api::change_proxy(const Call& call) {
  RunningProxy before = get(call.proxy());
  Proxy after = read_update(before.proxy, call.body);
  co_await become(std::move(before), std::move(after));
  co_return proxy_reply(200, call.proxy());
}

net::awaitable<Reply> Api::remove_proxy(const Call& call) {
  const RunningProxy found = get(call.proxy());
  if (!found.made) throw of_the_file(found, "that it is there");
  co_await daemon_.remove(found.proxy.name);
  co_return done();
}

/// One that is there as it is wanted stays, toxics and all.
net::awaitable<void> Api::populate_one(Proxy wanted) {
  const std::optional<RunningProxy> before = find(wanted.name);
  if (!before) {
    co_await make(std::move(wanted));
    co_return;
  }
  const bool stays = same_ends(before->proxy, wanted);
  if (stays) wanted.listen = before->proxy.listen;
  co_await become(*before, std::move(wanted));
  if (!stays) toxics_.clear(before->listener);
}

net::awaitable<Reply> Api::populate(const Call& call) {
  json::object result;
  unsigned status = 201;
  json::array made;
  try {
    const std::vector<Proxy> wanted = read_proxies(call.body);
    for (const Proxy& one : wanted) co_await populate_one(one);
    for (const Proxy& one : wanted) {
      const RunningProxy found = get(one.name);
      made.push_back(proxy_json(found.proxy, toxics_.of(found.listener)));
    }
  } catch (const boost::system::system_error&) {
    throw;
  } catch (const std::runtime_error& error) {
    const auto* const problem = dynamic_cast<const Problem*>(&error);
    status = problem == nullptr ? 500 : problem->status;
    result = {{"error", error.what()}, {"status", status}};
  }
  result["proxies"] = std::move(made);
  co_return json_reply(status, result);
}

/// What operators have drained stays so.
net::awaitable<Reply> Api::reset(const Call& /*call*/) {
  const Found all = running();
  for (const RunningProxy& one : all) toxics_.clear(one.listener);
  for (const RunningProxy& one : all) {
    if (one.proxy.enabled || (!one.made && !closed_.contains(one.listener))) continue;
    Proxy open = one.proxy;
    open.enabled = true;
    co_await become(one, std::move(open));
  }
  co_return done();
}

Reply Api::list_toxics(const Call& call) {
  json::array list;
  for (const Toxic& toxic : toxics_.of(get(call.proxy()).listener)) list.push_back(toxic_json(toxic));
  return json_reply(200, list);
}

Reply Api::show_toxic(const Call& call) {
  return json_reply(200, toxic_json(toxics_.find(get(call.proxy()).listener, call.toxic())));
}

Reply Api::add_toxic(const Call& call) {
  const std::string listener = get(call.proxy()).listener;
  const Toxic toxic = read_toxic(call.body);
  toxics_.add(listener, toxic);
  return json_reply(200, toxic_json(toxic));
}

Reply Api::change_toxic(const Call& call) {
  const std::string listener = get(call.proxy()).listener;
  const Toxic toxic = read_update(toxics_.find(listener, call.toxic()), call.body);
  toxics_.change(listener, toxic);
  return json_reply(200, toxic_json(toxic));
}

Reply Api::remove_toxic(const Call& call) {
  toxics_.remove(get(call.proxy()).listener, call.toxic());
  return done();
}

Reply Api::version(const Call& /*call*/) {
  return {200, "application/json;charset=utf-8", fmt::format("{{\"version\": \"{}\"}}\n", kVersion)};
}

Reply Api::metrics(const Call& /*call*/) { return {200, kPrometheusTextType, metrics_text(running())}; }

}  // namespace weir::toxiproxy
