#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "server/session/run_session.hpp"
#include "tests/support/bare_listener.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/record.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

std::vector<test::Record> records_of(const std::string& file) {
  std::vector<test::Record> records;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) records.emplace_back(line);
  return records;
}

TEST(RefuseConnection, CountsEachAndRecordsThoseThatAreSampled) {
  const test::TempDir dir;
  test::BareListener listener(test::echo_config() + "access_log: {sample: 4, format: json, file: " + dir.file("log") +
                              "}\n");
  const ClientAddress client(test::endpoint_of("192.0.2.1:1001"));
  for (std::uint64_t id = 1; id <= 10; ++id) {
    refuse_connection(*listener.context(), {{}, client, 0}, id, SessionEnd::refused_resources);
  }
  EXPECT_EQ(listener.ended(SessionEnd::refused_resources), 10u);
  EXPECT_EQ(listener.close_log(), 0u);
  const std::vector<test::Record> records = records_of(dir.file("log"));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].number("id"), 4);
  EXPECT_EQ(records[1].number("id"), 8);
  for (const test::Record& record : records) {
    EXPECT_EQ(record.client(), "192.0.2.1:1001");
    EXPECT_EQ(record.listener(), "echo");
    EXPECT_EQ(record.end(), "refused_resources");
    EXPECT_TRUE(record.is_null("rtt_us"));
  }
}

}  // namespace
}  // namespace weir
