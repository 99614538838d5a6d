#include "common/tls/certificate_facts.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "common/tls/pem_files.hpp"
#include "tests/support/certificates.hpp"

namespace weir::tls {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CertificateFactsTest : public testing::Test {
 protected:
  X509Ptr read(const test::CertificateRequest& request) const {
    return std::move(read_certificates(dir.write("it.pem", authority.issue(request).certificate)).front());
  }

  const test::TempDir dir;
  const test::Authority authority;
};

TEST_F(CertificateFactsTest, NamesAreInLowerCase) {
  const X509Ptr it = read({.names = {"DNS:A.test", "IP:127.0.0.1", "DNS:*.B.test"}, .common_name = "Me"});
  EXPECT_THAT(names_of(it.get()), ElementsAre("a.test", "*.b.test"));
  EXPECT_EQ(common_name(it.get()), "Me");
  EXPECT_EQ(facts_of(it.get(), "it.pem").name, "a.test");
}

TEST_F(CertificateFactsTest, TheCommonNameCountsOnlyWhereThereAreNoOthers) {
  EXPECT_THAT(names_of(read({.names = {}, .common_name = "Me.test"}).get()), ElementsAre("me.test"));
  const X509Ptr address = read({.names = {"IP:127.0.0.1"}, .common_name = "me.test"});
  EXPECT_THAT(names_of(address.get()), IsEmpty());
  EXPECT_EQ(facts_of(address.get(), "it.pem").name, "me.test");
}

TEST_F(CertificateFactsTest, ItIsValidFromItsBeginningToItsEnd) {
  const auto now = std::chrono::system_clock::now();
  const CertificateFacts facts = facts_of(read({.names = {"DNS:a.test"}, .from = -1h, .until = 1h}).get(), "it.pem");
  EXPECT_TRUE(facts.is_valid(now));
  EXPECT_EQ(validity_problem(facts, now), "");
  EXPECT_NEAR(std::chrono::duration<double>(facts.until - now).count(), 3600, 5);
  EXPECT_THAT(validity_problem(facts, now + 61min), AllOf(HasSubstr("\"a.test\" of \"it.pem\" has expired at 20")));
  EXPECT_THAT(validity_problem(facts, now - 61min), HasSubstr("is not valid before 20"));
}

TEST(CanonicalName, HasNoCaseAndNoDotAtItsEnd) {
  EXPECT_EQ(canonical_name("Db.Example."), "db.example");
  EXPECT_EQ(canonical_name(""), "");
}

}  // namespace
}  // namespace weir::tls
