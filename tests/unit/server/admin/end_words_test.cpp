#include "server/admin/end_words.hpp"

#include <gtest/gtest.h>

#include "server/observe/session_record.hpp"

namespace weir::admin {
namespace {

TEST(EndWords, EveryEndThatIsNotInOrderHasWords) {
  for (std::size_t i = 0; i < kSessionEnds; ++i) {
    const std::string_view end = to_string(static_cast<SessionEnd>(i));
    EXPECT_TRUE(kind_of_end(end) == EndKind::in_order || !words_of_end(end).empty()) << end;
  }
}

TEST(EndWords, WhatIsInOrderIsWhatRecordsDoNotCountAsFailed) {
  for (std::size_t i = 0; i < kSessionEnds; ++i) {
    const auto end = static_cast<SessionEnd>(i);
    EXPECT_EQ(kind_of_end(to_string(end)) == EndKind::in_order, !is_failure(end)) << to_string(end);
  }
}

TEST(EndWords, TheOperatorsChoicesAreRefusalsAndWhatIsUnknownFailed) {
  EXPECT_EQ(kind_of_end("client_closed"), EndKind::in_order);
  EXPECT_EQ(kind_of_end("server_closed"), EndKind::in_order);
  EXPECT_EQ(kind_of_end("drained"), EndKind::in_order);
  EXPECT_EQ(kind_of_end("client_truncated"), EndKind::in_order);
  EXPECT_EQ(kind_of_end("denied"), EndKind::refused);
  EXPECT_EQ(kind_of_end("tls_client_rejected"), EndKind::refused);
  EXPECT_EQ(kind_of_end("tls_not_tls"), EndKind::failed);
  EXPECT_EQ(kind_of_end("refused_rate"), EndKind::refused);
  EXPECT_EQ(kind_of_end("fault_reset"), EndKind::injected);
  EXPECT_EQ(kind_of_end("fault_refused"), EndKind::injected);
  EXPECT_EQ(kind_of_end("connect_failed"), EndKind::failed);
  EXPECT_EQ(kind_of_end("what_a_later_version_knows"), EndKind::failed);
  EXPECT_EQ(words_of_end("what_a_later_version_knows"), "");
}

}  // namespace
}  // namespace weir::admin
