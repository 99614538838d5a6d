#include "common/metrics/metric_family.hpp"

#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>

#include "common/printable.hpp"

namespace weir {

namespace {

prometheus::MetricFamily make_family(std::string name, std::string help, prometheus::MetricType type) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
}

}  // namespace

prometheus::MetricFamily counter_family(std::string name, std::string help) {
  return make_family(std::move(name), std::move(help), prometheus::MetricType::Counter);
}

prometheus::MetricFamily gauge_family(std::string name, std::string help) {
  return make_family(std::move(name), std::move(help), prometheus::MetricType::Gauge);
}

prometheus::MetricFamily histogram_family(std::string name, std::string help) {
  return make_family(std::move(name), std::move(help), prometheus::MetricType::Histogram);
}

prometheus::ClientMetric::Label metric_label(std::string name, std::string_view value) {
  std::string valid;
  valid.reserve(value.size());
  while (!value.empty()) {
    const std::size_t length = utf8_length(value);
    valid += length > 0 ? value.substr(0, length) : "\xef\xbf\xbd";
    value.remove_prefix(length > 0 ? length : 1);
  }
  return {std::move(name), std::move(valid)};
}

void add_series(prometheus::MetricFamily& family, MetricLabels labels, double value) {
  prometheus::ClientMetric& series = family.metric.emplace_back();
  series.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    series.counter.value = value;
  } else {
    series.gauge.value = value;
  }
}

void add_series(prometheus::MetricFamily& family, MetricLabels labels, std::span<const double> bounds,
                std::span<const std::uint64_t> counts, double sum) {
  prometheus::ClientMetric& series = family.metric.emplace_back();
  series.label = std::move(labels);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool last = i == bounds.size();
    seen += counts[i];
    series.histogram.bucket.push_back({seen, last ? std::numeric_limits<double>::infinity() : bounds[i]});
  }
  series.histogram.sample_count = seen;
  series.histogram.sample_sum = sum;
}

MetricLabels with_label(const MetricLabels& labels, std::string name, std::string_view value) {
  MetricLabels more = labels;
  more.push_back(metric_label(std::move(name), value));
  return more;
}

std::string to_prometheus_text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace weir
