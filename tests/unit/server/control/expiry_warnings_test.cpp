#include "server/control/expiry_warnings.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Time = ExpiryWarnings::Time;

constexpr Time kNow{24h * 20000};

tls::CertificateFacts until(Time end, const std::string& digest = "1") {
  return {"/a.pem", "a.test", kNow - 24h, end, digest};
}

TEST(ExpiryWarnings, OneThatLastsIsNotSpokenOf) {
  ExpiryWarnings warnings;
  EXPECT_THAT(warnings.due({until(kNow + 14 * 24h + 1s)}, kNow), IsEmpty());
}

TEST(ExpiryWarnings, OneThatEndsSoonIsSpokenOfOnceADay) {
  ExpiryWarnings warnings;
  const tls::CertificateFacts facts = until(kNow + 14 * 24h);
  EXPECT_THAT(warnings.due({facts}, kNow), ElementsAre(HasSubstr("\"a.test\" of \"/a.pem\" expires at 2024")));
  EXPECT_THAT(warnings.due({facts}, kNow + 23h), IsEmpty());
  EXPECT_THAT(warnings.due({facts}, kNow + 24h), SizeIs(1));
  EXPECT_THAT(warnings.due({facts}, kNow + 25h), IsEmpty());
  EXPECT_THAT(warnings.due({facts}, kNow + 48h), SizeIs(1));
}

TEST(ExpiryWarnings, OneThatHasEndedToo) {
  ExpiryWarnings warnings;
  EXPECT_THAT(warnings.due({until(kNow - 1s)}, kNow), ElementsAre(HasSubstr("has expired")));
}

TEST(ExpiryWarnings, SeveralUsersOfOneAreOneMatterAndAnotherIsItsOwn) {
  ExpiryWarnings warnings;
  const tls::CertificateFacts facts = until(kNow + 1h);
  EXPECT_THAT(warnings.due({facts, facts}, kNow), SizeIs(1));
  EXPECT_THAT(warnings.due({facts, until(kNow + 2h, "2")}, kNow), SizeIs(1));
}

}  // namespace
}  // namespace weir
