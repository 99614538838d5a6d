#include "server/config/yaml_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "server/config/tree_writer.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {
namespace {

std::string quoted(const std::string& text) {
  TreeWriter out;
  out.text(text);
  return yaml_text(out.take_root());
}

TEST(YamlText, MapsAndListsAreLinesOfTheirOwn) {
  TreeWriter out;
  out.begin_map();
  out.key("workers");
  out.plain("auto");
  out.key("listeners");
  out.begin_list();
  for (const char* name : {"a", "b"}) {
    out.begin_map();
    out.key("name");
    out.text(name);
    out.key("bind");
    out.begin_list();
    out.text(":1");
    out.text(":2");
    out.end();
    out.key("discard");
    out.begin_map();
    out.end();
    out.key("allow");
    out.begin_flow_list();
    out.text("10.0.0.1");
    out.text("10.0.0.2");
    out.end();
    out.end();
  }
  out.end();
  out.key("deny");
  out.begin_flow_list();
  out.end();
  out.key("upstreams");
  out.begin_list();
  out.end();
  out.end();
  EXPECT_EQ(yaml_text(out.take_root()),
            "workers: auto\n"
            "listeners:\n"
            "  - name: \"a\"\n"
            "    bind:\n"
            "      - \":1\"\n"
            "      - \":2\"\n"
            "    discard:\n"
            "      {}\n"
            "    allow: [\"10.0.0.1\", \"10.0.0.2\"]\n"
            "  - name: \"b\"\n"
            "    bind:\n"
            "      - \":1\"\n"
            "      - \":2\"\n"
            "    discard:\n"
            "      {}\n"
            "    allow: [\"10.0.0.1\", \"10.0.0.2\"]\n"
            "deny: []\n"
            "upstreams:\n"
            "  []\n");
}

TEST(YamlText, WhatCannotBeSeenIsEscaped) {
  EXPECT_EQ(quoted(R"(a "b" \c)"), R"("a \"b\" \\c")"
                                   "\n");
  EXPECT_EQ(quoted("\n\t\r\b\f\x1b\x7f"), "\"\\n\\t\\r\\b\\f\\x1b\\x7f\"\n");
  EXPECT_EQ(quoted("\xc2\x85\xc2\xa0\xef\xbb\xbf"), "\"\\x85\\xa0\\ufeff\"\n");
  EXPECT_EQ(quoted("gr\xc3\xbc\xc3\x9f \xe2\x82\xac"), "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac\"\n");
}

TEST(YamlText, BytesThatAreNoTextBecomeTheReplacementCharacter) {
  EXPECT_EQ(quoted("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"\n");
}

TEST(YamlText, EveryAsciiCharacterIsReadAsItself) {
  std::string all;
  for (char byte = 1; byte < 127; ++byte) all += byte;
  all += '\x7f';
  EXPECT_EQ(parse_yaml(weir::quoted(all), "text").scalar, all);
}

}  // namespace
}  // namespace weir
