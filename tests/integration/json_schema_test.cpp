// What weir-load writes for machines is what docs/schemas says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/checkout.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tls_peer.hpp"

namespace weir::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::IsEmpty;

// Not the first of the PATH, which may lack Debian's modules.
constexpr const char* kPython = "/usr/bin/python3";

/// Sends back what it gets, with the last byte of each request of 64 bytes changed.
FakeBackend::Script spoils() {
  return [](Peer& client) {
    while (true) {
      std::string request = client.receive_exactly(64);
      request.back() = static_cast<char>(request.back() ^ 1);
      client.send_all(request);
    }
    return Leave::close;
  };
}

/// Shortens every list, so that what is tried with each key of a document is tried quickly.
void shorten(json::value& value) {
  if (json::array* array = value.if_array()) {
    // A bucket is a list of two.
    if (array->size() > 2) array->erase(array->begin() + 2, array->end());
    for (json::value& item : *array) shorten(item);
  }
  if (json::object* object = value.if_object()) {
    for (auto& entry : *object) shorten(entry.value());
  }
}

/// Calls `visit(parent, key, path)` for every key of a value and of those within it; of a list for its first item's.
void for_each_key(json::value& value, const std::string& path,
                  const std::function<void(json::object&, const std::string&, const std::string&)>& visit) {
  if (json::array* array = value.if_array()) {
    if (!array->empty()) for_each_key(array->front(), path, visit);
  }
  json::object* object = value.if_object();
  if (object == nullptr) return;
  std::vector<std::string> keys;
  for (const auto& entry : *object) keys.emplace_back(entry.key());
  for (const std::string& key : keys) {
    const std::string own = path.empty() ? key : path + "." + key;
    visit(*object, key, own);
    for_each_key(object->at(key), own, visit);
  }
}

class JsonSchema : public testing::Test {
 protected:
  void SetUp() override {
    if (run(kPython, {"-c", "import jsonschema"}).exit != 0) {
      GTEST_SKIP() << "python3-jsonschema is not installed (scripts/setup test)";
    }
  }

  std::string file(const std::string& name) const { return folder_.file(name); }

  /// Runs weir-load, which writes its document into that file.
  void write(const std::string& name, std::vector<std::string> arguments, int exit = 0) const {
    arguments.insert(arguments.begin() + 1, {"--json", file(name)});
    const Finished finished = run("weir-load", std::move(arguments));
    EXPECT_EQ(finished.exit, exit) << finished.out << finished.err;
  }

  /// A busy machine may not keep the rate up: whether it was met does not matter here.
  void write_capacity(const std::string& name) const {
    const Finished finished = run("weir-load", {"capacity", "--quiet", "-c", "2", "--step", "500ms", "--most", "100",
                                                "--slo", "p50=1h", "--json", file(name), server_.address()});
    EXPECT_THAT(finished.exit, testing::AnyOf(0, 3)) << finished.out << finished.err;
  }

  json::value document(const std::string& name) const { return json::parse(read_file(file(name))); }

  /// What of the documents the schema does not allow; a key that it does not name is not allowed either.
  static Finished validate(const std::string& schema, const std::vector<std::string>& files) {
    std::vector<std::string> arguments{source_folder() / "tests/support/validate_json.py", "--described",
                                       source_folder() / "docs/schemas" / schema};
    arguments.insert(arguments.end(), files.begin(), files.end());
    return run(kPython, std::move(arguments));
  }

  void expect_valid(const std::string& schema, const std::vector<std::string>& names) const {
    std::vector<std::string> files;
    for (const std::string& name : names) files.push_back(file(name));
    const Finished finished = validate(schema, files);
    EXPECT_EQ(finished.exit, 0) << finished.err;
    EXPECT_THAT(finished.out, IsEmpty());
  }

  /// Removes each key of a document by itself, and then gives each a value of another type. The paths of the keys
  /// without which, and with which, the schema still takes the document.
  std::set<std::string> unnoticed(const std::string& schema, const std::string& name) const {
    json::value whole = document(name);
    shorten(whole);
    std::vector<std::pair<std::string, std::string>> damaged;  // file, what was done
    const auto keep = [&](const std::string& what) {
      const std::string damaged_name = "damaged-" + std::to_string(damaged.size()) + ".json";
      damaged.emplace_back(folder_.write(damaged_name, json::serialize(whole)), what);
    };
    for_each_key(whole, "", [&keep](json::object& parent, const std::string& key, const std::string& path) {
      const json::value value = parent.at(key);
      parent.erase(key);
      keep("without " + path);
      parent[key] = value.is_object() ? json::value("text") : json::value(json::object{{"no", "value"}});
      keep("other " + path);
      parent[key] = value;
    });
    std::vector<std::string> files;
    for (const auto& [path, what] : damaged) files.push_back(path);
    const Finished finished = validate(schema, files);
    EXPECT_EQ(finished.exit, 1) << finished.err;
    std::set<std::string> refused;
    for (const std::string& line : lines_of(finished.out)) refused.insert(line.substr(0, line.find(": ")));
    std::set<std::string> taken;
    for (const auto& [path, what] : damaged) {
      if (!refused.contains(path)) taken.insert(what);
    }
    return taken;
  }

  FakeBackend server_{echoes()};
  TempDir folder_;
};

TEST_F(JsonSchema, LoadReportsAreAsDescribed) {
  write("closed", {"echo", "--quiet", "-c", "2", "-n", "50", server_.address()});
  write("open", {"echo", "--quiet", "-c", "2", "-n", "50", "-R", "200", "-i", "100ms", "--slo",
                 "p50=1h,max=1h,errors=0,rate=1", server_.address()});
  write("text", {"echo", "--quiet", "-c", "2", "-n", "50", "--message", "{thread} {n}\\n", "--pipeline", "1",
                 server_.address()});
  write("connect", {"connect", "--quiet", "-c", "2", "-n", "20", server_.address()});
  write("merged", {"merge", file("closed"), file("closed")});
  const FakeBackend spoiling(spoils());
  write("wrong", {"echo", "--quiet", "-c", "2", "-n", "2", spoiling.address()}, 4);
  EXPECT_FALSE(document("wrong").at_pointer("/errors/wrong").as_array().empty());
  const RefusedPort nobody;
  write("refused", {"echo", "--quiet", "-c", "2", "-n", "10", nobody.address()}, 1);
  expect_valid("load-report.json", {"closed", "open", "text", "connect", "merged", "wrong", "refused"});
}

TEST_F(JsonSchema, ComparisonsAreAsDescribed) {
  for (const char* name : {"before", "after"}) {
    write(name, {"echo", "--quiet", "-c", "2", "-d", "500ms", "-i", "20ms", server_.address()});
  }
  write("compare", {"compare", "--anyway", "--max-regression", "p50=1h,rate=99%", file("before"), file("after")});
  write("ab", {"ab", "--quiet", "--a", server_.address(), "--b", server_.address(), "-c", "2", "-d", "1s", "--block",
               "100ms"});
  write("via", {"echo", "--quiet", "--via", server_.address(), "--direct", server_.address(), "--pid",
                std::to_string(::getpid()), "-c", "2", "-d", "1s", "--block", "100ms"});
  expect_valid("comparison.json", {"compare", "ab", "via"});
}

TEST_F(JsonSchema, CapacitiesAreAsDescribed) {
  write_capacity("capacity");
  expect_valid("capacity.json", {"capacity"});
}

TEST_F(JsonSchema, StreamReportsAreAsDescribed) {
  Process far_end("weir-load", {"stream", "--serve", "127.0.0.1:0"});
  const std::string line = far_end.wait_for_error_line("listening on ");
  const std::string address = line.substr(line.rfind(' ') + 1);
  write("both", {"stream", "--quiet", "-c", "2", "-d", "300ms", "-i", "100ms", "--direction", "both", address});
  write("echo", {"stream", "--quiet", "-d", "300ms", "--pace", "1MiB", server_.address()});
  const FakeBackend resetting(resets_after(200'000));
  write("reset", {"stream", "--quiet", "-d", "300ms", resetting.address()}, 1);
  const RefusedPort nobody;
  write("refused", {"stream", "--quiet", "-d", "300ms", nobody.address()}, 1);
  expect_valid("stream-report.json", {"both", "echo", "reset", "refused"});
}

TEST_F(JsonSchema, IdleReportsAreAsDescribed) {
  const FakeBackend closing(closes_at_once());
  write("ended", {"idle", "--quiet", "-c", "3", "--max-ended", "3", closing.address()});
  write("open", {"idle", "--quiet", "-c", "3", "-d", "200ms", "--keepalive", "1s", server_.address()});
  const RefusedPort nobody;
  write("refused", {"idle", "--quiet", "-c", "3", nobody.address()}, 1);
  expect_valid("idle-report.json", {"ended", "open", "refused"});
}

/// An announcement of refusals, which a plain echo does not keep.
const std::string kAnnouncement =
    R"({"seed": 1, "listeners": [{"name": "db", "faults": [)"
    R"({"definition": {"name": "no", "percent": 50, "refuse": {}}, "left_seconds": null},)"
    R"({"definition": {"name": "far", "reset": {"after_bytes": 100000000}}, "left_seconds": null}]}]})";

TEST_F(JsonSchema, ReportsOfAnnouncedFaultsAreAsDescribed) {
  const std::string announced = folder_.write("announced", kAnnouncement);
  write("faults", {"echo", "--quiet", "--expect-faults", announced, "-c", "10", server_.address()}, 4);
  EXPECT_FALSE(document("faults").at("mismatches").as_array().empty());
  expect_valid("faults-report.json", {"faults"});
  EXPECT_THAT(unnoticed("faults-report.json", "faults"), IsEmpty());
}

TEST_F(JsonSchema, ReportsOverTlsAreAsDescribed) {
  const FakeBackend server([certificate = self_signed({"DNS:site.test"})](Peer& client) {
    TlsPeer tls(client, certificate);
    try {
      for (;;) tls.send_all(tls.receive_exactly(64));
    } catch (const std::exception&) {
      tls.finish();  // after the client
    }
    return Leave::close;
  });
  const auto over_tls = [&server](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, {"--quiet", "--tls", "--insecure", "-c", "2"});
    arguments.push_back(server.address());
    return arguments;
  };
  write("echo", over_tls({"echo", "-n", "20", "--alpn", "one,two"}));
  write("connect", over_tls({"connect", "-n", "20", "--resume"}));
  write("merged", {"merge", file("connect"), file("connect")});
  expect_valid("load-report.json", {"echo", "connect", "merged"});
  write("ab", over_tls({"ab", "--anyway", "-d", "1s", "--block", "100ms", "--a", server.address(), "--b"}));
  expect_valid("comparison.json", {"ab"});
  write("idle", over_tls({"idle", "-d", "200ms"}));
  expect_valid("idle-report.json", {"idle"});
  const FakeBackend silent(never_answers());
  write("stream", {"stream", "--quiet", "--tls", "--insecure", "--timeout", "200ms", silent.address()}, 1);
  expect_valid("stream-report.json", {"stream"});
}

TEST_F(JsonSchema, EveryKeyOfALoadReportIsCheckedByItsType) {
  const FakeBackend spoiling(spoils());
  write("run", {"echo", "--quiet", "-c", "2", "-n", "2", "--slo", "p50=1h,errors=1", spoiling.address()}, 4);
  // Reports of earlier versions lack these.
  EXPECT_THAT(unnoticed("load-report.json", "run"),
              testing::IsSubsetOf({"without command", "without audit", "without slo", "without options.slo",
                                   "without fairness.connections", "without verdict.reasons",
                                   "without errors.kinds.tls_handshake", "without errors.kinds.tls_untrusted",
                                   "without errors.kinds.tls_alert", "without errors.kinds.tls_timeout",
                                   "without errors.kinds.tls_truncated", "without errors.kinds.tls_broken"}));
  write("connect", {"connect", "--quiet", "-c", "2", "-n", "10", server_.address()});
  EXPECT_THAT(unnoticed("load-report.json", "connect"),
              testing::IsSubsetOf({"without command", "without audit", "without slo", "without options.slo",
                                   "without verdict.reasons", "without errors.kinds.tls_handshake",
                                   "without errors.kinds.tls_untrusted", "without errors.kinds.tls_alert",
                                   "without errors.kinds.tls_timeout", "without errors.kinds.tls_truncated",
                                   "without errors.kinds.tls_broken"}));
}

TEST_F(JsonSchema, EveryKeyOfTheOtherDocumentsIsCheckedByItsType) {
  write("run", {"echo", "--quiet", "-c", "2", "-n", "50", server_.address()});
  write("compare", {"compare", "--anyway", "--max-regression", "rate=99%", file("run"), file("run")},
        1);  // too short to be judged
  EXPECT_THAT(unnoticed("comparison.json", "compare"), IsEmpty());
  write("stream", {"stream", "--quiet", "-d", "200ms", server_.address()});
  EXPECT_THAT(unnoticed("stream-report.json", "stream"), IsEmpty());
  const FakeBackend closing(closes_at_once());
  write("idle", {"idle", "--quiet", "-c", "2", closing.address()});
  EXPECT_THAT(unnoticed("idle-report.json", "idle"), IsEmpty());
  write_capacity("capacity");
  EXPECT_THAT(unnoticed("capacity.json", "capacity"), IsEmpty());
}

TEST_F(JsonSchema, WhatIsWrongIsToldWithItsPlace) {
  write("run", {"idle", "--quiet", "-c", "2", "-d", "100ms", server_.address()});
  json::value report = document("run");
  report.at("connections").as_object()["reached"] = "two";
  report.as_object()["news"] = 1;
  const std::string damaged = folder_.write("damaged", json::serialize(report));
  const Finished finished = validate("idle-report.json", {file("run"), damaged, folder_.write("cut", "{")});
  EXPECT_EQ(finished.exit, 1) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr(damaged + ": /connections/reached: 'two' is not of type 'integer'\n"));
  EXPECT_THAT(finished.out,
              HasSubstr(damaged + ": /: Additional properties are not allowed ('news' was unexpected)\n"));
  EXPECT_THAT(finished.out, HasSubstr(file("cut") + ": is no JSON: "));
  EXPECT_THAT(finished.out, testing::Not(HasSubstr(file("run") + ": ")));
}

TEST_F(JsonSchema, LoadReportsThatWereKeptAreAsDescribed) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "tests/unit/client/report/fixtures")) {
    files.push_back(entry.path());
  }
  ASSERT_FALSE(files.empty());
  const Finished finished = validate("load-report.json", files);
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, IsEmpty());
}

}  // namespace
}  // namespace weir::test
