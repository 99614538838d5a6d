#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "client/compare/comparison_report.hpp"
#include "client/compare/words.hpp"
#include "client/report/histogram_json.hpp"
#include "client/report_head.hpp"
#include "common/escapes.hpp"
#include "common/logging.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

const char* word(Question question) {
  switch (question) {
    case Question::compare:
      return "compare";
    case Question::ab:
      return "ab";
    case Question::via:
      return "via";
  }
  return "";
}

const char* word(Resampling resampling) {
  switch (resampling) {
    case Resampling::none:
      return "none";
    case Resampling::moving_blocks:
      return "moving_blocks";
    case Resampling::paired_blocks:
      return "paired_blocks";
    case Resampling::runs:
      return "runs";
  }
  return "";
}

std::int64_t whole(double number) { return std::llround(number); }

json::object difference_to_json(const JudgedDifference& one) {
  const Difference& difference = one.difference;
  const auto if_known = [&difference](json::value value) { return difference.is_known ? value : json::value(nullptr); };
  json::object object{{"what", one.what}};
  if (one.quantity.what == Quantity::What::rate) {
    object["a"] = difference.a;
    object["b"] = difference.b;
  } else {
    object["a_ns"] = whole(difference.a);
    object["b_ns"] = whole(difference.b);
    object["added_ns"] = whole(difference.added);
    object["added_low_ns"] = if_known(whole(difference.added_low));
    object["added_high_ns"] = if_known(whole(difference.added_high));
  }
  object["change"] = difference.change;
  object["low"] = if_known(difference.low);
  object["high"] = if_known(difference.high);
  object["finding"] = finding_key(one);
  return object;
}

json::object side_to_json(const ComparedSide& side) {
  const LoadResult& first = side.results.front();
  json::object object;
  object["label"] = side.label;
  object["target"] = first.options.target.to_string();
  object["endpoint"] = first.endpoint;
  object["runs"] = side.results.size();
  object["started"] = format_time(first.started);
  object["machine"] = machine_to_json(first.machine);
  object["rate"] = side.rate();
  object["errors"] = side.errors();
  object["error_share"] = side.error_share();
  object["wrong_replies"] = side.wrong_replies();
  object["latency"] = histogram_to_json(side.times());
  object["connect"] = histogram_to_json(side.all(Time::connect));
  if (first.options.tls) object["handshake"] = histogram_to_json(side.all(Time::handshake));
  return object;
}

json::object regression_to_json(const JudgedRegression& regression) {
  json::object object{{"clause", regression.limit.text}, {"what", regression.limit.name}};
  if (regression.limit.time) {
    object["limit_ns"] = regression.limit.time->count();
  } else if (regression.limit.what == RegressionLimit::What::wrong) {
    object["limit"] = regression.limit.number;
  } else {
    object["limit"] = regression.limit.share;
  }
  object["change"] = regression.change;
  object["added_ns"] = regression.added.count();
  object["exceeded"] = regression.exceeded;
  object["known"] = regression.is_known;
  object["sentence"] = regression.sentence;
  return object;
}

json::value proxy_to_json(const std::optional<ProxyUse>& proxy) {
  if (!proxy) return nullptr;
  json::array pids;
  for (const std::int64_t pid : proxy->pids) pids.emplace_back(pid);
  return json::object{{"pid", proxy->pids.empty() ? 0 : proxy->pids.front()},
                      {"pids", std::move(pids)},
                      {"name", proxy->name},
                      {"cpu_s", proxy->cpu_seconds},
                      {"cores", proxy->cores},
                      {"us_per_request", proxy->microseconds_each}};
}

}  // namespace

json::object comparison_json(const Comparison& comparison) {
  const Inference& inference = comparison.inference;
  json::array differences;
  for (const JudgedDifference& one : comparison.differences) differences.push_back(difference_to_json(one));
  json::array objections;
  for (const std::string& objection : comparison.objections) objections.emplace_back(objection);
  json::array regressions;
  for (const JudgedRegression& regression : comparison.regressions) {
    regressions.push_back(regression_to_json(regression));
  }
  json::object object = document_head("comparison", comparison.version, comparison.command, comparison.made);
  object["question"] = word(comparison.question);
  object["method"] = json::object{
      {"resampling", word(inference.resampling)}, {"resamples", inference.resamples},
      {"confidence", inference.confidence},       {"blocks", json::array{inference.blocks_a, inference.blocks_b}},
      {"block_s", inference.block_seconds},       {"smallest_effect", comparison.settings.smallest_effect}};
  object["a"] = side_to_json(comparison.a);
  object["b"] = side_to_json(comparison.b);
  object["differences"] = std::move(differences);
  object["objections"] = std::move(objections);
  object["sentence"] = comparison.sentence();
  object["regressions"] = std::move(regressions);
  object["proxy"] = proxy_to_json(comparison.proxy);
  object["text"] = comparison_text(comparison);
  object["exit_status"] = comparison.exit_status();
  return object;
}

}  // namespace weir::load
