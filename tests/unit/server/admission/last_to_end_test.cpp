#include "server/admission/last_to_end.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

DrainedConnection connection(std::uint64_t id) {
  DrainedConnection made;
  made.id = id;
  made.listener = std::make_shared<const std::string>("echo");
  return made;
}

TEST(LastToEnd, KeepsTheLastOnesAndShowsTheLatestFirst) {
  LastToEnd last;
  EXPECT_TRUE(last.latest_first().empty());
  last.add(connection(1));
  last.add(connection(2));
  ASSERT_EQ(last.latest_first().size(), 2u);
  EXPECT_EQ(last.latest_first().front().id, 2u);
  for (std::uint64_t id = 3; id <= 25; ++id) last.add(connection(id));
  const std::vector<DrainedConnection> latest = last.latest_first();
  ASSERT_EQ(latest.size(), LastToEnd::kMost);
  for (std::size_t i = 0; i < latest.size(); ++i) EXPECT_EQ(latest[i].id, 25 - i);
}

TEST(LastToEnd, AreDescribedForTheLog) {
  DrainedConnection drained = connection(7);
  drained.client = ClientAddress(Endpoint::unix_path("/x"));
  drained.end = SessionEnd::shutdown;
  drained.after = std::chrono::milliseconds(29834);
  EXPECT_EQ(describe(drained), "connection 7 ended 29.834s into the drain end=shutdown listener=echo client=unix:");
  drained.backend = std::make_shared<const std::string>("10.0.0.5:80");
  EXPECT_TRUE(describe(drained).ends_with(" client=unix: backend=10.0.0.5:80"));
}

}  // namespace
}  // namespace weir
