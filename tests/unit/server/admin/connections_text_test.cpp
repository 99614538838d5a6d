#include "server/admin/connections_text.hpp"

#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/support/process.hpp"
#include "tests/unit/server/admin/documented_answers.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

json::value documented() { return test::documented_answer("Connections"); }
json::object& first_of(json::value& page) { return page.at("connections").at(0).as_object(); }

TEST(ConnectionsText, ShowsTheDocumentedAnswer) {
  json::value page = documented();
  page.as_object()["total"] = page.as_object()["matched"] = 1;
  EXPECT_EQ(connections_text(page, {}),
            "1 connection\n"
            "  ID  CLIENT           BACKEND        IDLE  B/s  KEPT  SLOW SIDE  LISTENER  AGE\n"
            "4711  192.0.2.1:40000  10.0.0.5:5432  12ms   32     0  -          db         1m\n");
}

TEST(ConnectionsText, ShowsMoreWhereThereIsRoom) {
  const std::string text = connections_text(documented(), {.width = 200});
  for (const char* title : {"STAGE", "RTT", "RETRANSMITS", "TLS", "SNI", "WORKER"}) EXPECT_THAT(text, HasSubstr(title));
  EXPECT_THAT(text, HasSubstr("carrying"));
  EXPECT_THAT(text, HasSubstr("120 us"));
}

TEST(ConnectionsText, ShowsTlsWhereThereIsSome) {
  json::value page = documented();
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  TLSv1.3  db.example  "));
  first_of(page)["tls"] = {{"version", nullptr}, {"sni", "\033[2J"}};
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  yes  \\x1b[2J  "));
  first_of(page)["tls"] = nullptr;
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  -    -    "));
  first_of(page).erase("tls");  // as an older daemon says it
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  -    -    "));
}

TEST(ConnectionsText, ShowsTheFaultsThatItMet) {
  json::value page = documented();
  first_of(page)["faults"] = {{"number", 17}, {"names", {"slow", "\033[2J"}}};
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  slow,\\x1b[2J  "));
  first_of(page)["faults"] = {{"number", 17}, {"names", json::array()}};
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  db.example  -  "));
  first_of(page).erase("faults");  // as an older daemon says it
  EXPECT_THAT(connections_text(page, {.width = 300}), HasSubstr("  db.example  -  "));
}

TEST(ConnectionsText, SaysHowManyThereAre) {
  json::value page = documented();
  EXPECT_THAT(connections_text(page, {}), HasSubstr("12 connections; the first 1 are shown, --limit N shows more\n"));
  page.as_object()["matched"] = 1;
  EXPECT_THAT(connections_text(page, {}), HasSubstr("12 connections; 1 matches\n"));
  page.as_object()["matched"] = 0;
  page.as_object()["connections"].as_array().clear();
  EXPECT_EQ(connections_text(page, {}), "12 connections; 0 match\n");
}

TEST(ConnectionsText, MarksTheSideThatDoesNotRead) {
  json::value page = documented();
  first_of(page)["slow_side"] = "client";
  first_of(page)["kept_for_client"] = 65536;
  EXPECT_THAT(connections_text(page, {}), HasSubstr("  64K  client "));
  EXPECT_THAT(connections_text(page, {.colours = true}), HasSubstr("\033[31mclient\033[0m"));
}

TEST(ConnectionsText, ShowsTheClientThatAPeerNames) {
  json::value page = documented();
  first_of(page)["proxied_client"] = "198.51.100.7:1234";
  const std::string text = connections_text(page, {.width = 200});
  EXPECT_LT(text.find("198.51.100.7:1234"), text.find("192.0.2.1:40000"));
}

TEST(ConnectionsText, SaysWhatIsNotKnown) {
  json::value page = documented();
  for (const char* key : {"backend", "upstream", "rate_in", "rate_out", "rtt_us", "retransmits"}) {
    first_of(page)[key] = nullptr;
  }
  EXPECT_THAT(connections_text(page, {}), HasSubstr("4711  192.0.2.1:40000  -        12ms    -     0  -"));
}

TEST(ConnectionsText, FitsTheTerminalAndHidesControlCharacters) {
  json::value page = documented();
  first_of(page)["listener"] = "\033[2J";
  first_of(page)["id"] = 18446744073709551615u;
  first_of(page)["client"] = "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535";
  first_of(page)["backend"] = "unix:/" + std::string(100, 'b');
  for (const std::string& line : test::lines_of(connections_text(page, {}))) EXPECT_LE(columns_of(line), 80u) << line;
  EXPECT_THAT(connections_text(page, {.width = 300}), Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace weir::admin
