#include "server/observe/open_metrics.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <string_view>

namespace weir {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

/// `2` and `0.5`, as short as reads back to the same value.
void append_number(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::isnan(value)) {
    out += "NaN";
  } else if (value == std::floor(value) && std::abs(value) < 9007199254740992.0) {  // 2^53: exact as an integer
    fmt::format_to(std::back_inserter(out), "{}", static_cast<std::int64_t>(value));
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

/// The bound of a bucket, which is a text to a parser and so has one form alone: whole numbers as `1.0`.
std::string bound_text(double bound) {
  std::string text;
  append_number(text, bound);
  if (std::isfinite(bound) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  return name;
}

bool is_info(const MetricFamily& family) { return family.type == MetricType::Gauge && family.name.ends_with("_info"); }

std::string_view family_name(const MetricFamily& family) {
  if (family.type == MetricType::Counter) return without_suffix(family.name, "_total");
  return is_info(family) ? without_suffix(family.name, "_info") : std::string_view(family.name);
}

std::string_view type_name(const MetricFamily& family) {
  if (is_info(family)) return "info";
  switch (family.type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Summary:
      return "summary";
    case MetricType::Untyped:
      break;
  }
  return "unknown";
}

void append_head(std::string& out, const MetricFamily& family) {
  const std::string_view name = family_name(family);
  fmt::format_to(std::back_inserter(out), "# TYPE {} {}\n", name, type_name(family));
  constexpr std::array<std::string_view, 3> kUnits{"seconds", "bytes", "ratio"};
  for (const std::string_view unit : kUnits) {
    if (!name.ends_with(fmt::format("_{}", unit))) continue;
    fmt::format_to(std::back_inserter(out), "# UNIT {} {}\n", name, unit);
  }
  fmt::format_to(std::back_inserter(out), "# HELP {} ", name);
  append_escaped(out, family.help);
  out += '\n';
}

/// `name{label="value"} value`, where `bound` is that of a bucket.
void append_sample(std::string& out, std::string_view name, std::string_view suffix, const ClientMetric& series,
                   double value, std::string_view bound = {}) {
  out += name;
  out += suffix;
  if (!series.label.empty() || !bound.empty()) {
    char before = '{';
    const auto label = [&](std::string_view key, std::string_view text) {
      out += before;
      out += key;
      out += "=\"";
      append_escaped(out, text);
      out += '"';
      before = ',';
    };
    for (const ClientMetric::Label& own : series.label) label(own.name, own.value);
    if (!bound.empty()) label("le", bound);
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_series(std::string& out, const MetricFamily& family, const ClientMetric& series) {
  if (family.type != MetricType::Histogram) {
    append_sample(out, family.name, "", series,
                  family.type == MetricType::Counter ? series.counter.value : series.gauge.value);
    return;
  }
  for (const ClientMetric::Bucket& bucket : series.histogram.bucket) {
    append_sample(out, family.name, "_bucket", series, static_cast<double>(bucket.cumulative_count),
                  bound_text(bucket.upper_bound));
  }
  append_sample(out, family.name, "_count", series, static_cast<double>(series.histogram.sample_count));
  append_sample(out, family.name, "_sum", series, series.histogram.sample_sum);
}

}  // namespace

std::string to_open_metrics(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    append_head(out, family);
    for (const ClientMetric& series : family.metric) append_series(out, family, series);
  }
  return out + "# EOF\n";
}

}  // namespace weir
