// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// etc/tocsin.yaml is shipped, read by people, and the only manual of the common keys: it has to be
// true.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <sstream>

#include "config/fake_types.h"

using namespace tocsin;
using namespace tocsin::test;

namespace {

std::filesystem::path example() {
  return std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc" / "tocsin.yaml";
}

// The example with every key in force that is commented out ("#key", in contrast to "# text").
std::string all_in_force() {
  std::ifstream in(example());
  REQUIRE(in);
  std::ostringstream out;
  for (std::string line; std::getline(in, line);) {
    const std::size_t sign = line.find_first_not_of(' ');
    const bool commented = sign != std::string::npos && line[sign] == '#' &&
                           sign + 1 < line.size() &&
                           (line[sign + 1] == '-' || std::islower(line[sign + 1]) != 0);
    if (commented) line.erase(sign, 1);
    out << line << "\n";
  }
  return out.str();
}

// Whether some line of the text begins with the key, however far indented.
bool shows(const std::string& text, const std::string& key) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.substr(std::min(line.find_first_not_of(' '), line.size())).starts_with(key + ":"))
      return true;
  }
  return false;
}

// The keys that a mapping knows, as the message about an unknown one tells them.
std::vector<std::string> known_keys(const Folder& folder, const std::string& text) {
  const std::string got = lines(load(folder.write("known.yaml", text)), folder.path());
  const std::string mark = "known here: ";
  const std::size_t at = got.find(mark);
  REQUIRE(at != std::string::npos);
  std::istringstream words(got.substr(at + mark.size(), got.find('\n', at) - at - mark.size()));
  std::vector<std::string> out;
  for (std::string word; words >> word;) {
    if (word.back() == ',') word.pop_back();
    out.push_back(word);
  }
  return out;
}

}  // namespace

TEST_CASE("example: it is valid as it is shipped", "[config]") {
  const Loaded loaded = load(example());
  CHECK(lines(loaded, example().parent_path()).empty());
  REQUIRE(loaded.config);
  CHECK(loaded.config->checks.size() == 1);
}

TEST_CASE("example: it is valid with every key in force", "[config]") {
  const Folder folder;
  const Environment variable("CREDENTIALS_DIRECTORY", folder.path().c_str());
  for (const char* name : {"read-token", "admin-token", "ops-chat"})
    folder.write(name, "https://chat.example.net/a-long-secret");
  const Loaded loaded = load(folder.write("tocsin.yaml", all_in_force()));
  CHECK(lines(loaded, folder.path()).empty());
  REQUIRE(loaded.config);
  CHECK(loaded.config->checks.size() == 9);
  CHECK(loaded.config->notifiers.size() == 2);
}

TEST_CASE("example: what it calls a default is the default", "[config]") {
  const Folder folder;
  const auto before = load(example()).config;
  const Environment variable("CREDENTIALS_DIRECTORY", folder.path().c_str());
  for (const char* name : {"read-token", "admin-token", "ops-chat"})
    folder.write(name, "https://x/");
  const auto after = load(folder.write("tocsin.yaml", all_in_force())).config;
  REQUIRE(after);
  CHECK(after->log.level == before->log.level);
  CHECK(after->log.format == before->log.format);
  CHECK(after->web.listen == before->web.listen);
  CHECK(after->probe_threads == before->probe_threads);
  CHECK(after->storm_threshold == before->storm_threshold);
  const Timing& a = before->checks[0]->timing;
  const Timing& b = after->checks[0]->timing;
  CHECK(a.interval == b.interval);
  CHECK(a.timeout == b.timeout);
  CHECK(a.retry_interval == b.retry_interval);
  CHECK(a.remind_every == b.remind_every);
  CHECK(a.down_after == b.down_after);
  CHECK(a.up_after == b.up_after);
  CHECK(before->checks[0]->enabled == after->checks[0]->enabled);
  CHECK(before->checks[0]->thread == after->checks[0]->thread);
}

TEST_CASE("example: it shows every key there is", "[config]") {
  const Folder folder;
  const std::string text = all_in_force();
  for (const char* unknown :
       {"zzzzzzzzzz: 1\n", "log: {zzzzzzzzzz: 1}\n", "defaults: {zzzzzzzzzz: 1}\n"}) {
    const auto keys = known_keys(folder, unknown);
    CHECK(keys.size() >= 2);
    for (const std::string& key : keys) {
      INFO(key);
      CHECK(shows(text, key));
    }
  }
  for (const char* key : {"listen", "read_token", "admin_token", "fallback"}) {
    INFO(key);
    CHECK(shows(text, key));
  }
}
