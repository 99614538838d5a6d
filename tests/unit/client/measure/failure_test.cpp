#include "client/measure/failure.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace weir::load {
namespace {

TEST(FailureCounts, AreAddedUpOverAllKinds) {
  FailureCounts counts;
  FailureCounts others;
  std::uint64_t expected = 0;
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    counts.add(static_cast<Failure>(kind));
    others.add(static_cast<Failure>(kind), 10 * kind);
    expected += 1 + 10 * kind;
  }
  counts.merge(others);
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    EXPECT_EQ(counts[static_cast<Failure>(kind)], 1 + 10 * kind) << failure_key(static_cast<Failure>(kind));
  }
  EXPECT_EQ(counts.total(), expected);
}

TEST(FailureCounts, WrongRepliesAreThoseThatThePeerShouldNotHaveSent) {
  FailureCounts counts;
  for (const Failure wrong : {Failure::lost, Failure::duplicated, Failure::out_of_order, Failure::corrupt,
                              Failure::foreign, Failure::cut_short}) {
    EXPECT_TRUE(is_wrong_reply(wrong));
    counts.add(wrong);
  }
  for (const Failure other :
       {Failure::none, Failure::refused, Failure::reset, Failure::closed_early, Failure::io_failed, Failure::dropped}) {
    EXPECT_FALSE(is_wrong_reply(other));
    counts.add(other);
  }
  EXPECT_EQ(counts.wrong_replies(), 6u);
  EXPECT_EQ(counts.total(), 12u);
  EXPECT_FALSE(is_wrong_reply(Failure::count_));
}

TEST(Failures, HaveNamesOfTheirOwn) {
  std::set<std::string_view> keys;
  std::set<std::string_view> texts;
  for (std::size_t kind = 0; kind < kFailureKinds; ++kind) {
    keys.insert(failure_key(static_cast<Failure>(kind)));
    texts.insert(failure_text(static_cast<Failure>(kind)));
  }
  EXPECT_EQ(keys.size(), kFailureKinds);
  EXPECT_EQ(texts.size(), kFailureKinds);
  EXPECT_FALSE(keys.contains(""));
  EXPECT_FALSE(texts.contains(""));
  EXPECT_EQ(failure_key(Failure::none), "none");
  EXPECT_EQ(failure_key(Failure::dropped), "dropped");
  EXPECT_EQ(failure_key(Failure::lost), "lost");
  EXPECT_EQ(failure_key(Failure::foreign), "foreign");
  EXPECT_EQ(failure_key(Failure::cut_short), "cut_short");
  EXPECT_EQ(failure_key(Failure::connect_timeout), "connect_timeout");
}

TEST(Failures, OfTlsAreNoWrongReplies) {
  for (const Failure failure : {Failure::tls_handshake, Failure::tls_untrusted, Failure::tls_alert,
                                Failure::tls_timeout, Failure::tls_truncated, Failure::tls_broken}) {
    EXPECT_TRUE(is_of_tls(failure)) << failure_key(failure);
    EXPECT_FALSE(is_wrong_reply(failure)) << failure_key(failure);
    EXPECT_TRUE(failure_key(failure).starts_with("tls_")) << failure_key(failure);
  }
  EXPECT_FALSE(is_of_tls(Failure::unsuitable));
  EXPECT_FALSE(is_of_tls(Failure::lost));
}

TEST(Failures, HaveARemedyWhereOneIsKnown) {
  EXPECT_NE(failure_remedy(Failure::tls_untrusted).find("--cacert"), std::string_view::npos);
  EXPECT_NE(failure_remedy(Failure::local_ports).find("--source"), std::string_view::npos);
  EXPECT_EQ(failure_remedy(Failure::reset), "");
}

TEST(Failures, OfAConnectSayWhoseFaultItWas) {
  EXPECT_EQ(connect_failure(ECONNREFUSED), Failure::refused);
  EXPECT_EQ(connect_failure(ENOENT), Failure::refused) << "a unix socket";
  EXPECT_EQ(connect_failure(EHOSTUNREACH), Failure::unreachable);
  EXPECT_EQ(connect_failure(ETIMEDOUT), Failure::connect_timeout);
  EXPECT_EQ(connect_failure(EADDRNOTAVAIL), Failure::local_ports);
  EXPECT_EQ(connect_failure(EADDRINUSE), Failure::local_ports);
  EXPECT_EQ(connect_failure(EMFILE), Failure::local_resources);
  EXPECT_EQ(connect_failure(EACCES), Failure::connect_failed);
}

TEST(Failures, OfAReadOrWriteSayWhatHappened) {
  EXPECT_EQ(io_failure(ECONNRESET), Failure::reset);
  EXPECT_EQ(io_failure(EPIPE), Failure::reset);
  EXPECT_EQ(io_failure(ENOBUFS), Failure::local_resources);
  EXPECT_EQ(io_failure(EINVAL), Failure::io_failed);
}

}  // namespace
}  // namespace weir::load
