#include "server/observe/open_metrics.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <sstream>

#include "server/observe/metric_families.hpp"
#include "server/observe/metrics_text.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/server/observe/full_snapshot.hpp"

namespace weir {
namespace {

using test::lines_of;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// A sample's name, labels as written, and value.
struct Sample {
  std::string name;
  std::string labels;
  double value;
};

Sample parse_sample(const std::string& line) {
  const std::size_t blank = line.rfind(' ');
  const std::size_t brace = line.find('{');
  const std::size_t name_end = std::min(brace, blank);
  return {line.substr(0, name_end), line.substr(name_end, blank - name_end), std::stod(line.substr(blank + 1))};
}

const std::map<std::string, std::set<std::string>> kSuffixes{
    {"counter", {"_total"}}, {"gauge", {""}}, {"info", {"_info"}}, {"histogram", {"_bucket", "_count", "_sum"}}};

/// Checks that every sample follows the TYPE of its family and has a name that the type allows, and that families do
/// not mix.
void check_structure(const std::vector<std::string>& lines) {
  std::set<std::string> seen;
  std::string family, type;
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(), "# EOF");
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    std::istringstream words(lines[i]);
    std::string hash, key, name;
    if (lines[i].starts_with('#')) {
      words >> hash >> key >> name;
      if (key == "TYPE") {
        family = name;
        words >> type;
        EXPECT_TRUE(seen.insert(family).second) << family << " comes twice";
        ASSERT_TRUE(kSuffixes.contains(type)) << lines[i];
      }
      EXPECT_EQ(name, family) << lines[i];
      continue;
    }
    const Sample sample = parse_sample(lines[i]);
    ASSERT_TRUE(sample.name.starts_with(family)) << lines[i];
    EXPECT_THAT(kSuffixes.at(type), Contains(sample.name.substr(family.size()))) << lines[i];
  }
}

/// Checks that the buckets of each series rise to +Inf, and that +Inf is the count.
void check_histograms(const std::vector<std::string>& lines) {
  std::map<std::string, double> last;  // by the series
  std::map<std::string, double> infinite;
  std::size_t series = 0;
  for (const std::string& line : lines) {
    if (line.starts_with('#')) continue;
    const Sample sample = parse_sample(line);
    if (sample.name.ends_with("_bucket")) {
      const std::size_t bound = sample.labels.rfind(",le=\"");
      const std::string key = sample.name.substr(0, sample.name.size() - 7) + sample.labels.substr(0, bound) + "}";
      EXPECT_GE(sample.value, last[key]) << line;
      last[key] = sample.value;
      if (sample.labels.ends_with(",le=\"+Inf\"}")) infinite[key] = sample.value;
    } else if (sample.name.ends_with("_count")) {
      const std::string key = sample.name.substr(0, sample.name.size() - 6) + sample.labels;
      ASSERT_TRUE(infinite.contains(key)) << line;
      EXPECT_EQ(sample.value, infinite[key]) << line;
      ++series;
    }
  }
  EXPECT_EQ(series, 4u);
}

TEST(OpenMetrics, ReadsBackAsFamiliesWithTheirSamples) {
  const std::vector<std::string> lines = lines_of(render_metrics(test::full_snapshot(), true));
  check_structure(lines);
  check_histograms(lines);
}

TEST(OpenMetrics, NamesCountersInfosAndUnitsAsItsStandardDoes) {
  const std::vector<std::string> lines = lines_of(render_metrics(test::full_snapshot(), true));
  EXPECT_THAT(lines, Contains("# TYPE weir_bytes counter"));
  EXPECT_THAT(lines, Contains("# UNIT weir_bytes bytes"));
  EXPECT_THAT(lines, Contains(R"(weir_bytes_total{listener="db",direction="in"} 12345678901)"));
  EXPECT_THAT(lines, Contains("# TYPE weir_build info"));
  EXPECT_THAT(lines, Contains("# UNIT weir_connection_duration_seconds seconds"));
  EXPECT_THAT(lines, Contains(R"(weir_connection_duration_seconds_bucket{listener="db",le="1.0"} 7)"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("# UNIT weir_connections "))));
}

TEST(OpenMetrics, HasTheSameSamplesAsTheText) {
  const auto samples = [](bool open) {
    std::size_t count = 0;
    for (const std::string& line : lines_of(render_metrics(test::full_snapshot(), open)))
      count += !line.starts_with('#');
    return count;
  };
  EXPECT_EQ(samples(true), samples(false));
}

TEST(OpenMetrics, EndsEvenWhereThereIsNothing) { EXPECT_EQ(to_open_metrics({}), "# EOF\n"); }

}  // namespace
}  // namespace weir
