#include "common/metrics/metric_family.hpp"

#include <gmock/gmock.h>

#include <array>
#include <limits>

namespace weir {
namespace {

TEST(MetricFamily, BucketsOfAHistogramAreCumulativeAndTheLastOneHoldsAll) {
  constexpr std::array kBounds{0.1, 1.0};
  constexpr std::array<std::uint64_t, 3> kTimes{2, 3, 4};
  prometheus::MetricFamily family = histogram_family("wait_seconds", "How long.");
  add_series(family, {metric_label("who", "a")}, kBounds, kTimes, 12.5);
  EXPECT_EQ(to_prometheus_text({family}),
            "# HELP wait_seconds How long.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_count{who=\"a\"} 9\n"
            "wait_seconds_sum{who=\"a\"} 12.5\n"
            "wait_seconds_bucket{who=\"a\",le=\"0.1\"} 2\n"
            "wait_seconds_bucket{who=\"a\",le=\"1\"} 5\n"
            "wait_seconds_bucket{who=\"a\",le=\"+Inf\"} 9\n");
}

TEST(MetricFamily, CountersAndGaugesHaveTheirValue) {
  prometheus::MetricFamily total = counter_family("a_total", "A.");
  add_series(total, {}, 3);
  prometheus::MetricFamily now = gauge_family("b", "B.");
  add_series(now, with_label({metric_label("x", "1")}, "y", "2"), 4);
  EXPECT_EQ(to_prometheus_text({total, now}),
            "# HELP a_total A.\n# TYPE a_total counter\na_total 3\n"
            "# HELP b B.\n# TYPE b gauge\nb{x=\"1\",y=\"2\"} 4\n");
}

TEST(MetricFamily, WhatIsNoUtf8InALabelIsReplaced) {
  EXPECT_EQ(metric_label("file", "a\xff.yaml").value, "a\uFFFD.yaml");
  EXPECT_EQ(metric_label("file", "\u00e4").value, "\u00e4");
}

}  // namespace
}  // namespace weir
