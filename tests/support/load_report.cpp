#include "tests/support/load_report.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace weir::test {

std::uint64_t LoadRun::number(const std::string& pointer) const {
  return report.at_pointer(pointer).to_number<std::uint64_t>();
}

std::uint64_t LoadRun::at_least(const std::string& time, std::chrono::nanoseconds bound) const {
  std::uint64_t count = report.at_pointer("/latency/" + time + "/above_range").to_number<std::uint64_t>();
  for (const boost::json::value& bucket : report.at_pointer("/latency/" + time + "/buckets").as_array()) {
    if (bucket.at(0).to_number<std::int64_t>() >= bound.count()) count += bucket.at(1).to_number<std::uint64_t>();
  }
  return count;
}

LoadRun run_load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, {"--quiet", "--json", "-"});
  const Finished finished = run("weir-load", std::move(arguments));
  boost::system::error_code error;
  LoadRun load{finished.exit, finished.err, boost::json::parse(finished.out, error)};
  if (error) ADD_FAILURE() << "no report: " << finished.out << finished.err;
  return load;
}

}  // namespace weir::test
