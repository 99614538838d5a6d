// `weir check --diff` before a running daemon.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;

class CheckDiff : public testing::Test {
 protected:
  Finished check(const std::vector<std::string>& set = {}) const {
    std::vector<std::string> arguments{"check", file_, "--diff", endpoint_};
    for (const std::string& one : set) arguments.push_back("--set=" + one);
    return run("weir", arguments);
  }

  TempDir dir_;
  std::string endpoint_ = "unix:" + dir_.file("admin.sock");
  Daemon daemon_ = Daemon::with_config(echo_config() + "admin: {bind: '" + endpoint_ + "'}\n");
  std::string file_ = dir_.write("weir.yaml", AdminClient(daemon_).get("/api/v1/config").body);
};

TEST_F(CheckDiff, WhatTheDaemonRunsDiffersInNothing) {
  const Finished finished = check();
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_EQ(finished.out, "nothing differs from what runs\n");
}

TEST_F(CheckDiff, AChangeIsNamedWithTheConnectionsThatLive) {
  Peer client = daemon_.connect();
  client.send_all("x");
  client.receive_exactly(1);
  const Finished finished = check({"listeners.0.timeouts.idle=1h"});
  EXPECT_EQ(finished.exit, 3) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("timeouts.idle 10m -> 1h (1 connection goes on as it is)\n"));
  EXPECT_EQ(check().exit, 0) << "the check changed the daemon";
}

TEST_F(CheckDiff, WhatCannotChangeAndWhatIsWrongHaveStatusesOfTheirOwn) {
  const Finished fixed = check({"workers=1"});
  EXPECT_EQ(fixed.exit, 1);
  EXPECT_THAT(fixed.out, HasSubstr("! workers: 3 -> 1 cannot change while it runs"));
  const Finished wrong = check({"workers=many"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_EQ(daemon_.stop(), 0);
  const Finished nobody = check();
  EXPECT_EQ(nobody.exit, 1);
  EXPECT_THAT(nobody.err, HasSubstr("ADMIN or WEIR_ADMIN"));
}

}  // namespace
}  // namespace weir::test
