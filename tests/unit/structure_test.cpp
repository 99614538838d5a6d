// The order of the sources: which folder may include which. Arrows go downward only.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/checkout.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

/// The house, top floor first: a file may include its own room, the rooms on its floor and every floor below it.
/// `folder/` is a folder with all below it, `folder/*` the files directly in it that have no line of their own, and
/// anything else a file without its extension.
using Floor = std::vector<std::string_view>;
using House = std::vector<Floor>;

const House kServerHouse{
    {"server/main"},
    {"server/running_daemon"},
    {"server/command_line"},
    {"server/server"},
    {"server/*"},
    {"server/upgrade/"},
    {"server/toxiproxy/"},
    {"server/admin/"},
    {"server/control/"},
    {"server/worker/"},
    {"server/listener/"},
    {"server/session/"},
    {"server/faults/"},
    {"server/shaping/"},
    {"server/admission/"},
    {"server/upstream/"},
    {"server/observe/"},
    {"server/config/"},
    {"common/"},
};

const House kClientHouse{
    {"client/main"},
    {"client/command_line/"},
    {"client/process_group"},
    {"client/experiment/"},
    {"client/load_run", "client/parent_control", "client/terminal_control", "client/stream/", "client/idle/",
     "client/faults/"},
    {"client/load_worker", "client/run_control"},
    {"client/compare/"},
    {"client/report/", "client/metrics/"},
    {"client/workload/", "client/fetch/"},
    {"client/connection"},
    {"client/worker_context"},
    {"client/request_pipeline"},
    {"client/*"},
    {"client/message/"},
    {"client/length_spec", "client/measure/", "client/pacing/", "client/audit/", "client/tls/"},
    {"common/"},
};

const House kManualsHouse{
    {"manuals/main"}, {"manuals/*"}, {"server/command_line", "client/command_line/"}, {"server/config/"}, {"common/"},
};

const House kCommonHouse{{"common/"}};

/// A library's headers that only some rooms may see.
struct Confined {
  std::string_view header;              ///< how its includes begin
  std::vector<std::string_view> rooms;  ///< a file's path that contains one of these may use it

  bool is_open_to(std::string_view path) const {
    return std::any_of(rooms.begin(), rooms.end(), [path](auto room) { return path.find(room) != path.npos; });
  }
  std::string owners() const {
    std::string text;
    for (const std::string_view room : rooms) text.append(text.empty() ? "" : " and ").append(room);
    return text;
  }
};

const std::vector<Confined> kConfined{
    {"yaml-cpp/", {"server/config/"}},
    {"CLI/", {"/command_line"}},
    {"systemd/", {"server/control/"}},
    {"openssl/", {"common/tls/", "client/fetch/", "server/admin/"}},
    {"boost/asio/ssl", {"client/fetch/"}},
    {"editline/", {"client/workload/"}},
    {"prometheus/", {"server/observe/", "common/metrics/"}},
};

bool stands_in(std::string_view path, std::string_view room) {
  if (room.ends_with('/')) return path.starts_with(room);
  if (room.ends_with("/*")) {
    const auto folder = room.substr(0, room.size() - 1);
    return path.starts_with(folder) && path.find('/', folder.size()) == std::string_view::npos;
  }
  return path.substr(0, path.rfind('.')) == room;
}

/// The floor of the room that describes the path best: a line of its own before `folder/*`.
std::optional<std::size_t> floor_of(const House& house, std::string_view path) {
  std::optional<std::size_t> wildcard;
  for (std::size_t floor = 0; floor < house.size(); ++floor) {
    for (const std::string_view room : house[floor]) {
      if (!stands_in(path, room)) continue;
      if (!room.ends_with("/*")) return floor;
      wildcard = floor;
    }
  }
  return wildcard;
}

struct Include {
  std::string header;
  bool own;  ///< in quotes
};

std::vector<Include> includes_of(const fs::path& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> includes;
  std::ifstream stream(file);
  std::smatch match;
  for (std::string line; std::getline(stream, line);) {
    if (std::regex_search(line, match, kInclude)) includes.push_back({match[2], match[1] == "\""});
  }
  return includes;
}

/// The arrows of one file that break a rule, each as a sentence.
void check_file(const fs::path& root, const std::string& path, const House& house, std::vector<std::string>& broken) {
  const auto own_floor = floor_of(house, path);
  if (!own_floor) {
    broken.push_back(path + " stands in no room of the table");
    return;
  }
  for (const auto& [header, own] : includes_of(root / path)) {
    for (const Confined& confined : kConfined) {
      if (header.starts_with(confined.header) && !confined.is_open_to(path)) {
        broken.push_back(path + " includes " + header + ", which belongs to " + confined.owners());
      }
    }
    if (!own) continue;
    const auto floor = floor_of(house, header);
    if (!floor) {
      broken.push_back(path + " includes " + header + ", which is no header that it may know");
    } else if (*floor < *own_floor) {
      broken.push_back(path + " includes " + header + ", which stands above it");
    }
  }
}

using Report = std::vector<std::string>;

/// Every source under the four folders, by its path from the root.
std::vector<std::string> sources_under(const fs::path& root) {
  std::vector<std::string> paths;
  for (const char* folder : {"server", "client", "manuals", "common"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension == ".hpp" || extension == ".cpp")
        paths.push_back(fs::relative(entry.path(), root).generic_string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Every arrow of the tree under `root` that breaks a rule.
Report broken_arrows(const fs::path& root) {
  Report broken;
  for (const std::string& path : sources_under(root)) {
    check_file(root, path,
               path.starts_with("server")    ? kServerHouse
               : path.starts_with("client")  ? kClientHouse
               : path.starts_with("manuals") ? kManualsHouse
                                             : kCommonHouse,
               broken);
  }
  std::sort(broken.begin(), broken.end());
  return broken;
}

/// A header and the source of its name, which are one file to a reader.
std::string unit_of(const std::string& path) { return path.substr(0, path.rfind('.')); }

/// What each unit includes.
using Arrows = std::map<std::string, std::set<std::string>>;

Arrows arrows_under(const fs::path& root) {
  Arrows arrows;
  for (const std::string& path : sources_under(root)) {
    for (const Include& include : includes_of(root / path)) {
      if (include.own && unit_of(include.header) != unit_of(path))
        arrows[unit_of(path)].insert(unit_of(include.header));
    }
  }
  return arrows;
}

/// Follows arrows until they come back to a unit of the way, or lead on to nothing new.
void find_circles(const Arrows& arrows, std::vector<std::string>& way, std::set<std::string>& seen, Report& circles) {
  const auto onward = arrows.find(way.back());
  if (onward == arrows.end() || !seen.insert(way.back()).second) return;
  for (const std::string& next : onward->second) {
    const auto back = std::find(way.begin(), way.end(), next);
    if (back == way.end()) {
      way.push_back(next);
      find_circles(arrows, way, seen, circles);
      way.pop_back();
      continue;
    }
    std::string circle;
    for (auto unit = back; unit != way.end(); ++unit) circle += *unit + " -> ";
    circles.push_back(circle + next);
  }
}

/// Units that include each other, over however many others.
Report circles_under(const fs::path& root) {
  Report circles;
  std::set<std::string> seen;
  const Arrows arrows = arrows_under(root);
  for (const auto& [unit, onward] : arrows) {
    std::vector<std::string> way{unit};
    find_circles(arrows, way, seen, circles);
  }
  return circles;
}

/// A made-up tree of sources in the temporary folder.
class Structure : public testing::Test {
 protected:
  Structure() {
    std::string name = (fs::temp_directory_path() / "weir-structure-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    for (const char* folder : {"server", "client", "manuals", "common"}) fs::create_directory(root_ / folder);
  }
  ~Structure() override { fs::remove_all(root_); }

  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

TEST(SourceTree, HasNoArrowThatRunsUpward) { EXPECT_THAT(broken_arrows(test::source_folder()), testing::IsEmpty()); }

TEST(SourceTree, HasNoFilesThatIncludeEachOther) {
  EXPECT_THAT(circles_under(test::source_folder()), testing::IsEmpty());
}

TEST_F(Structure, AllowsWhatStandsBelowAndBeside) {
  write("server/main.cpp", "#include \"server/command_line.hpp\"\n#include \"server/server.hpp\"\n");
  write("server/server.cpp", "#include \"server/server.hpp\"\n#include \"server/capacity_plan.hpp\"\n");
  write("server/session/session.cpp",
        "#include <vector>\n#include \"server/session/relay.hpp\"\n"
        "#include \"common/io/stream.hpp\"\n");
  write("common/io/stream.cpp", "#include \"common/endpoint.hpp\"\n");
  write("client/report/text.cpp", "#include \"client/report/text.hpp\"\n");
  EXPECT_THAT(broken_arrows(root()), testing::IsEmpty());
}

TEST_F(Structure, NamesAnArrowThatRunsUpward) {
  write("server/session/session.cpp", "#include \"server/worker/worker.hpp\"\n");
  write("server/control/signals.cpp", "#  include \"server/server.hpp\"\n");
  write("client/workload/echo.hpp", "#include \"client/load_run.hpp\"\n");
  EXPECT_THAT(
      broken_arrows(root()),
      testing::ElementsAre("client/workload/echo.hpp includes client/load_run.hpp, which stands above it",
                           "server/control/signals.cpp includes server/server.hpp, which stands above it",
                           "server/session/session.cpp includes server/worker/worker.hpp, which stands above it"));
}

TEST_F(Structure, KeepsTheProgramsApartAndCommonIgnorantOfBoth) {
  write("server/server.cpp", "#include \"client/pacing.hpp\"\n");
  write("client/connection.cpp", "#include \"server/session/relay.hpp\"\n");
  write("common/io/pipe_pool.hpp", "#include \"server/config/server_config.hpp\"\n");
  EXPECT_THAT(broken_arrows(root()), testing::Each(testing::EndsWith("which is no header that it may know")));
  EXPECT_THAT(broken_arrows(root()), testing::SizeIs(3));
}

TEST_F(Structure, ConfinesALibraryToTheRoomThatUsesIt) {
  write("server/config/config_loader.cpp", "#include <yaml-cpp/yaml.h>\n");
  write("server/command_line.cpp", "#include <CLI/CLI.hpp>\n");
  write("server/server.cpp", "#include <yaml-cpp/yaml.h>\n");
  EXPECT_THAT(broken_arrows(root()),
              testing::ElementsAre("server/server.cpp includes yaml-cpp/yaml.h, which belongs to server/config/"));
}

TEST_F(Structure, ConfinesALibraryToSeveralRooms) {
  write("common/tls/tls_stream.cpp", "#include <openssl/ssl.h>\n");
  write("client/fetch/secure_channel.cpp", "#include <openssl/ssl.h>\n");
  write("common/io/stream.cpp", "#include <openssl/ssl.h>\n");
  EXPECT_THAT(broken_arrows(root()),
              testing::ElementsAre("common/io/stream.cpp includes openssl/ssl.h, which belongs to common/tls/ and "
                                   "client/fetch/ and server/admin/"));
}

TEST_F(Structure, RefusesAFolderWithoutAPlace) {
  write("server/utils/misc.cpp", "");
  write("common/net.hpp", "#include \"misc.hpp\"\n");
  EXPECT_THAT(broken_arrows(root()),
              testing::ElementsAre("common/net.hpp includes misc.hpp, which is no header that it may know",
                                   "server/utils/misc.cpp stands in no room of the table"));
}

TEST_F(Structure, NamesFilesOfOneRoomThatIncludeEachOther) {
  write("server/upstream/pool.hpp", "#include \"server/upstream/member.hpp\"\n#include \"common/net.hpp\"\n");
  write("server/upstream/member.hpp", "#include \"common/net.hpp\"\n");
  write("server/upstream/member.cpp",
        "#include \"server/upstream/member.hpp\"\n#include \"server/upstream/lease.hpp\"\n");
  write("server/upstream/lease.hpp", "#include \"server/upstream/pool.hpp\"\n");
  write("common/net.hpp", "");
  EXPECT_THAT(circles_under(root()),
              testing::ElementsAre("server/upstream/lease -> server/upstream/pool -> server/upstream/member -> "
                                   "server/upstream/lease"));
}

TEST_F(Structure, AHeaderAndItsSourceAreNoCircle) {
  write("common/units.hpp", "#include <string>\n");
  write("common/units.cpp", "#include \"common/units.hpp\"\n#include \"common/text.hpp\"\n");
  write("common/text.hpp", "");
  EXPECT_THAT(circles_under(root()), testing::IsEmpty());
}

}  // namespace
}  // namespace weir
