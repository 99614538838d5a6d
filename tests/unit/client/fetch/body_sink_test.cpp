#include "client/fetch/body_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

using test::read_file;
using test::TempDir;

TEST(OutputPlace, IsAFileForOneUrl) {
  TempDir dir;
  EXPECT_EQ(OutputPlace(dir.file("x"), 1).path_for(0, parse_url("h/a")), dir.file("x"));
  EXPECT_EQ(OutputPlace("", 3).path_for(2, parse_url("h/a")), "");
}

TEST(OutputPlace, IsADirectoryForSeveral) {
  TempDir dir;
  const OutputPlace place(dir.file("made") + "/", 12);
  EXPECT_EQ(place.path_for(0, parse_url("h:80/a/b.html?c=/d")), dir.file("made") + "/01-h-b.html");
  EXPECT_EQ(place.path_for(11, parse_url("h")), dir.file("made") + "/12-h-index");
  EXPECT_EQ(OutputPlace(dir.path(), 1).path_for(0, parse_url("h")), dir.file("1-h-index"));
}

TEST(OutputPlace, NoNameLeavesTheDirectory) {
  TempDir dir;
  const OutputPlace place(dir.path(), 1);
  EXPECT_EQ(place.path_for(0, parse_url("http://[::1]/..")), dir.file("1-__1-.."));
  EXPECT_EQ(place.path_for(0, parse_url("../..%2f..%2fx y")), dir.file("1-..-.._2f.._2fx_20y"));
}

TEST(OutputPlace, OneFileForSeveralUrlsIsAnError) {
  TempDir dir;
  EXPECT_NO_THROW(check_output(dir.file("x"), 1));
  EXPECT_NO_THROW(check_output(dir.file("x/"), 2));
  EXPECT_NO_THROW(check_output(dir.path(), 2));
  EXPECT_THROW(check_output(dir.file("x"), 2), std::invalid_argument);
  EXPECT_THROW(check_output("-", 2), std::invalid_argument);
}

TEST(BodySink, ReplacesAFileOnlyWhenItOpens) {
  TempDir dir;
  const std::string path = dir.write("x", "what was there before");
  BodySink sink(path);
  EXPECT_EQ(read_file(path), "what was there before");
  EXPECT_EQ(sink.open(), 0);
  EXPECT_EQ(sink.write("ab"), 0);
  EXPECT_EQ(sink.write("c"), 0);
  EXPECT_EQ(sink.close(), 0);
  EXPECT_EQ(read_file(path), "abc");
}

TEST(BodySink, SaysWhyItCannotWrite) {
  TempDir dir;
  EXPECT_EQ(BodySink(dir.file("none/x")).open(), ENOENT);
  BodySink full("/dev/full");
  EXPECT_EQ(full.open(), 0);
  EXPECT_EQ(full.write("x"), ENOSPC);
}

TEST(BodySink, ThrowsAwayWithoutAPath) {
  BodySink sink("");
  EXPECT_EQ(sink.open(), 0);
  EXPECT_EQ(sink.write("x"), 0);
  EXPECT_EQ(sink.close(), 0);
}

}  // namespace
}  // namespace weir::load
