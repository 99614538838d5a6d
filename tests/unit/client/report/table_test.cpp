#include "client/report/table.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

TEST(ResultsTable, HasARowForEachResult) {
  LoadResult slower = example();
  slower.stats[Time::response].clear();
  for (int i = 0; i < 1000; ++i) slower.stats[Time::response].record(std::chrono::milliseconds(2));
  slower.stats.failures.add(Failure::corrupt, 1234);
  LoadResult nothing = example();
  nothing.stats[Time::response].clear();
  EXPECT_EQ(results_table({{"direct", example()}, {"through the proxy", slower}, {"none", nothing}}),
            "                     a second       p50       p99     added     wrong\n"
            "  direct                  100    500 us    990 us         -         0\n"
            "  through the proxy       100   2.00 ms   2.00 ms  +1.50 ms     1,234\n"
            "  none                    100         -         -         -         0\n");
}

TEST(ResultsTable, LongNamesAreCut) {
  const std::string table = results_table({{std::string(100, 'x'), example()}});
  for (std::size_t begin = 0; begin < table.size(); begin = table.find('\n', begin) + 1) {
    EXPECT_LE(table.find('\n', begin) - begin, 80u);
  }
}

}  // namespace
}  // namespace weir::load
