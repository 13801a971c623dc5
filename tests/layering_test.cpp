// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The house rules that a compiler does not know: who may include whom, which third-party library
// lives in which room, how long files and lines may be, and what belongs to every registered type.
// Sources are read as text, so that this says no before anything is linked. A rule that has to give
// way is changed here, with the reason beside it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "notify/registry.h"
#include "probe/registry.h"
#include "util/text.h"

using namespace tocsin;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = TOCSIN_SOURCE_DIR;

using Names = std::set<std::string, std::less<>>;

// Who may include whom. Every room may include itself. An entry with a slash is that header alone.
// "include" is include/tocsin; "app" is what lies in src itself.
const std::map<std::string, Names, std::less<>> kMayInclude{
    {"include", {}},
    {"util", {"include"}},
    {"net", {"include", "util"}},
    {"config", {"include", "util"}},
    {"schedule", {"include", "util"}},
    {"evaluate", {"include"}},
    {"incident", {"include", "evaluate", "util"}},
    {"probe", {"include", "net", "util"}},
    {"notify", {"include", "net", "util"}},
    // The sender runs notifiers (the interface, never one of them) on a loop with an HTTP client.
    {"deliver", {"include", "net", "util", "notify/notifier.h"}},
    {"store", {"include", "util"}},
    {"web", {"include", "net", "util"}},
    // The core thread: one result walks through it from look to commit.
    {"core", {"include", "schedule", "evaluate", "incident", "util"}},
    // A simulated daemon: the real core and the real lanes, and messages in words.
    {"replay",
     {"include", "util", "core", "deliver/fold.h", "deliver/lane.h", "deliver/row.h",
      "deliver/shared_label.h", "notify/notifier.h", "notify/text.h"}},
    // check-config loads with the types of both registries; `probe` looks once without a daemon;
    // `test-notify` sends once without one; `replay` simulates one; `route` says whom the core
    // would tell.
    {"cli",
     {"include", "net", "util", "config", "incident", "probe", "notify", "deliver", "replay"}},
    {"app",
     {"include", "util", "net", "config", "schedule", "evaluate", "incident", "probe", "notify",
      "deliver", "store", "web", "core", "replay", "cli"}},
};

// Which rooms may include a third-party library: the longest prefix that fits decides. A library
// that is not named here is refused everywhere.
const std::map<std::string, Names, std::less<>> kThirdParty{
    {"CLI/", {"app", "cli"}},
    {"Poco/", {"cli", "notify", "probe", "replay", "store", "web"}},
    {"Poco/Data/", {"store"}},
    {"Poco/Net/", {"cli", "web"}},
    {"ares.h", {"net"}},
    // Loops and coroutines; whoever decides or remembers has none.
    {"asio/", {"app", "cli", "core", "deliver", "net", "notify", "probe"}},
    {"asio/ssl", {"net"}},
    {"curl/", {"net"}},
    // Time zones.
    {"date/", {"util"}},
    // Headers alone: the libraries are loaded when an sql check asks for them.
    {"libpq-fe.h", {"probe"}},
    {"mysql/", {"probe"}},
    {"openssl/", {"net"}},
    {"prometheus/", {"web"}},
    {"re2/", {"util"}},
    {"spdlog/", {"util"}},
    // The daemon's own state, and the files that sql checks ask.
    {"sqlite3.h", {"probe", "store"}},
    {"systemd/", {"net"}},  // sd-bus; sd_notify is a datagram: util/sd_notify.h
    {"yaml-cpp/", {"config"}},
};

// The operating system's own headers, by folder.
const Names kSystemFolders{"arpa", "linux", "net", "netinet", "sys"};

// They decide on what they are told: no clock, no thread, no I/O.
const Names kPureRooms{"evaluate", "incident", "schedule"};
const Names kImpureHeaders{
    "condition_variable", "fstream", "future", "iostream", "mutex", "random", "thread",
    "unistd.h",           "fcntl.h"};

constexpr std::size_t kHeaderLines = 150;
constexpr std::size_t kTestHeaderLines = 200;  // fakes and rigs: whole helpers, not contracts
constexpr std::size_t kSourceLines = 400;
constexpr std::size_t kColumns = 100;

struct File {
  std::string path;  // from the root, "src/net/stream.cpp"
  std::string room;
  std::vector<std::string> lines;

  bool is_header() const { return path.ends_with(".h"); }
  std::string at(std::size_t line) const { return path + ":" + std::to_string(line + 1) + ": "; }
};

using Offences = std::vector<std::string>;

// Printed by ourselves, since Catch breaks lines where one wants to click.
void expect_none(const Offences& offences) {
  for (const std::string& offence : offences) std::cout << offence << "\n";
  CHECK(offences.empty());
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::string room_of(const fs::path& path) {
  if (*path.begin() == "include") return "include";
  const auto second = std::next(path.begin());
  return std::next(second) == path.end() ? "app" : second->string();
}

std::vector<File> files_under(std::initializer_list<const char*> folders) {
  std::vector<File> out;
  for (const char* folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      const fs::path path = fs::relative(entry.path(), kRoot);
      out.push_back({path.string(), room_of(path), lines_of(entry.path())});
    }
  }
  std::sort(out.begin(), out.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return out;
}

const std::vector<File>& product() {
  static const std::vector<File> kFiles = files_under({"include", "src"});
  return kFiles;
}

// Why `room` may not include "header"; empty if it may.
std::string own_offence(const std::string& room, const std::string& header) {
  const auto slash = header.find('/');
  std::string other = slash == std::string::npos ? "app" : header.substr(0, slash);
  if (other == "tocsin") other = "include";
  if (!kMayInclude.contains(other)) return "no such room: " + header;
  const Names& allowed = kMayInclude.at(room);
  if (other == room || allowed.contains(other) || allowed.contains(header)) return {};
  return room + " may not include " + header;
}

// The same for <header>.
std::string foreign_offence(const std::string& room, const std::string& header) {
  if (kPureRooms.contains(room) && kImpureHeaders.contains(header)) {
    return room + " is pure: no <" + header + ">";
  }
  const auto slash = header.find('/');
  if (slash == std::string::npos && header.find('.') == std::string::npos) return {};  // std
  if (room == "include") return "include/tocsin may include only the standard library";
  const Names* rooms = nullptr;
  for (const auto& [prefix, allowed] : kThirdParty) {  // sorted: a longer prefix comes later
    if (header.starts_with(prefix)) rooms = &allowed;
  }
  if (rooms != nullptr) {
    return rooms->contains(room) ? "" : "<" + header + "> is not for the room " + room;
  }
  if (slash == std::string::npos) return {};  // <unistd.h>
  if (kSystemFolders.contains(header.substr(0, slash))) return {};
  return "<" + header + ">: a library that the table does not name";
}

// What a line includes, with the bracket or quote before it: `"net/stream.h`, `<vector`.
std::string included(std::string_view line) {
  const auto without = [&line](std::string_view word) {
    line = trim(line);
    if (!line.starts_with(word)) return false;
    line = trim(line.substr(word.size()));
    return true;
  };
  if (!without("#") || !without("include") || line.empty()) return {};
  const auto end = line.find(line[0] == '<' ? '>' : '"', 1);
  return std::string(line.substr(0, end));
}

Offences include_offences(const File& file) {
  Offences out;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string header = included(file.lines[i]);
    if (header.empty()) continue;
    const std::string why = header[0] == '"' ? own_offence(file.room, header.substr(1))
                                             : foreign_offence(file.room, header.substr(1));
    if (!why.empty()) out.push_back(file.at(i) + why);
  }
  return out;
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // code points, not bytes
  }));
}

Offences form_offences(const File& file) {
  Offences out;
  const std::size_t header_most = file.path.starts_with("tests/") ? kTestHeaderLines : kHeaderLines;
  const std::size_t most = file.is_header() ? header_most : kSourceLines;
  if (file.lines.size() > most) {
    out.push_back(file.at(most) + std::to_string(file.lines.size()) + " lines; at most " +
                  std::to_string(most));
  }
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    if (columns(file.lines[i]) > kColumns) {
      out.push_back(file.at(i) + std::to_string(columns(file.lines[i])) + " columns; at most " +
                    std::to_string(kColumns));
    }
  }
  if (file.lines.size() < 2 || file.lines[0] != "// SPDX-License-Identifier: Apache-2.0" ||
      file.lines[1] != "// Copyright The Tocsin Authors") {
    out.push_back(file.at(0) + "does not begin with the two-line SPDX head");
  }
  const bool once = std::count(file.lines.begin(), file.lines.end(), "#pragma once") == 1;
  if (file.is_header() && !once) out.push_back(file.at(0) + "no #pragma once");
  return out;
}

// Words that have no place in the product.
Offences word_offences(const File& file) {
  Offences out;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    const auto holds = [&line](std::string_view word) {
      return line.find(word) != std::string::npos;
    };
    // Namespaces of literals alone are meant to be used so.
    if (trim(line).starts_with("using namespace") && !line.ends_with("literals;")) {
      out.push_back(file.at(i) + "using namespace");
    }
    if (holds("TODO") || holds("FIXME")) out.push_back(file.at(i) + "something left for later");
    if (kPureRooms.contains(file.room) && holds("_clock::now")) {
      out.push_back(file.at(i) + "a pure room asks a clock");
    }
  }
  return out;
}

template <typename Rule>
Offences over(const std::vector<File>& files, Rule rule) {
  Offences out;
  for (const File& file : files) {
    const Offences found = rule(file);
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

struct Registered {
  std::string kind;  // as its example and its room are called
  std::string room;
  std::string type;
};

std::vector<Registered> registered() {
  std::vector<Registered> out;
  for (const CheckType& type : check_types())
    out.push_back({"check", "probe", std::string(type.name)});
  for (const NotifierType& type : notifier_types()) {
    out.push_back({"notify", "notify", std::string(type.name)});
  }
  return out;
}

}  // namespace

TEST_CASE("layering: every room is in the table of who may include whom", "[layering]") {
  Names rooms{"include", "app"};
  for (const auto& entry : fs::directory_iterator(kRoot / "src")) {
    if (entry.is_directory()) rooms.insert(entry.path().filename().string());
  }
  Names named;
  for (const auto& [room, allowed] : kMayInclude) named.insert(room);
  CHECK(rooms == named);
}

TEST_CASE("layering: every room is on the map, src/README.md", "[layering]") {
  const auto map = lines_of(kRoot / "src/README.md");
  Offences offences;
  for (const auto& [room, allowed] : kMayInclude) {
    if (room == "include" || room == "app") continue;
    const std::string row = "| `src/" + room + "/` |";
    const bool told = std::any_of(map.begin(), map.end(),
                                  [&](const std::string& line) { return line.starts_with(row); });
    if (!told) offences.push_back("src/README.md: no row that begins with " + row);
  }
  expect_none(offences);
}

TEST_CASE("layering: a file includes only what its room may", "[layering]") {
  REQUIRE(product().size() > 20);
  const Offences offences = over(product(), include_offences);
  expect_none(offences);
}

TEST_CASE("layering: files and lines are short, and files begin as they should", "[layering]") {
  const Offences offences = over(files_under({"include", "src", "tests"}), form_offences);
  expect_none(offences);
}

TEST_CASE("layering: nothing is left for later, and pure rooms ask no clock", "[layering]") {
  const Offences offences = over(product(), word_offences);
  expect_none(offences);
}

TEST_CASE("layering: every registered type has its example, its test and its README row",
          "[layering]") {
  const bool has_readme = fs::exists(kRoot / "README.md");
  const auto readme = lines_of(kRoot / "README.md");
  Offences offences;
  for (const auto& [kind, room, type] : registered()) {
    const std::string registry = "src/" + room + "/registry.cpp: " + type + " has no ";
    const std::string example = "etc/examples/" + kind + "-" + type + ".yaml";
    const std::string test = "tests/" + room + "/" + type + "_test.cpp";
    if (!fs::exists(kRoot / example)) offences.push_back(registry + example);
    if (!fs::exists(kRoot / test)) offences.push_back(registry + test);
    const std::string row = "| `" + type + "` |";
    const bool told = std::any_of(readme.begin(), readme.end(),
                                  [&](const std::string& line) { return line.starts_with(row); });
    if (has_readme && !told) offences.push_back(registry + "README row that begins with " + row);
  }
  expect_none(offences);
}

TEST_CASE("layering: every example and every type's test belongs to a registered type",
          "[layering]") {
  Names examples;
  for (const auto& [kind, room, type] : registered()) examples.insert(kind + "-" + type);
  Offences offences;
  for (const auto& entry : fs::directory_iterator(kRoot / "etc/examples")) {
    const std::string name = entry.path().stem().string();
    const bool of_a_type = name.starts_with("check-") || name.starts_with("notify-");
    if (of_a_type && !examples.contains(name)) {
      offences.push_back(entry.path().filename().string() + ": no such type is registered");
    }
  }
  expect_none(offences);
}

TEST_CASE("layering: the rules refuse what they are there for", "[layering]") {
  const auto offences_of = [](const char* path, std::vector<std::string> lines) {
    const File file{path, room_of(path), std::move(lines)};
    return include_offences(file).size() + word_offences(file).size();
  };
  CHECK(offences_of("src/evaluate/a.cpp", {"#include \"util/text.h\""}) == 1);
  CHECK(offences_of("src/probe/a.cpp", {"#include \"config/load.h\""}) == 1);
  CHECK(offences_of("src/core/a.cpp", {"# include \"store/open.h\""}) == 1);
  CHECK(offences_of("src/deliver/a.cpp", {"#include \"notify/google_chat.h\""}) == 1);
  CHECK(offences_of("src/deliver/a.cpp", {"#include \"notify/notifier.h\""}) == 0);
  CHECK(offences_of("src/cli/a.cpp", {"#include \"app.h\""}) == 1);
  CHECK(offences_of("src/app.cpp", {"#include \"web/server.h\""}) == 0);
  CHECK(offences_of("src/util/a.cpp", {"#include \"../net/stream.h\""}) == 1);
  CHECK(offences_of("src/probe/a.cpp", {"#include <curl/curl.h>"}) == 1);
  CHECK(offences_of("src/probe/a.cpp", {"#include <asio/ssl.hpp>"}) == 1);
  CHECK(offences_of("src/probe/a.cpp", {"#include <asio/post.hpp>"}) == 0);
  CHECK(offences_of("src/web/a.cpp", {"#include <Poco/Data/Session.h>"}) == 1);
  CHECK(offences_of("src/store/a.cpp", {"#include <Poco/Data/Session.h>"}) == 0);
  CHECK(offences_of("src/store/a.cpp", {"#include <boost/any.hpp>"}) == 1);
  CHECK(offences_of("src/schedule/a.cpp", {"#include <thread>"}) == 1);
  CHECK(offences_of("src/incident/a.cpp", {"x = std::chrono::system_clock::now();"}) == 1);
  CHECK(offences_of("include/tocsin/a.h", {"#include <unistd.h>"}) == 1);
  CHECK(offences_of("src/net/a.cpp", {"  using namespace std;"}) == 1);
  CHECK(offences_of("src/net/a.cpp", {std::string("// TO") + "DO: later"}) == 1);

  const auto form_of = [](const char* path, std::vector<std::string> lines) {
    return form_offences({path, "net", std::move(lines)}).size();
  };
  const std::string spdx = "// SPDX-License-Identifier: Apache-2.0";
  const std::string holder = "// Copyright The Tocsin Authors";
  CHECK(form_of("src/net/a.cpp", {spdx, holder, std::string(100, 'x')}) == 0);
  CHECK(form_of("src/net/a.cpp", {spdx, holder, std::string(101, 'x')}) == 1);
  CHECK(form_of("src/net/a.cpp", {spdx}) == 1);
  CHECK(form_of("src/net/a.h", {spdx, holder}) == 1);
  std::vector<std::string> lines(400);
  lines[0] = spdx;
  lines[1] = holder;
  CHECK(form_of("src/net/a.cpp", lines) == 0);
  lines.emplace_back();
  CHECK(form_of("src/net/a.cpp", lines) == 1);
}
