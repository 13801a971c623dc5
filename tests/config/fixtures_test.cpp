// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// bad/: a file per mistake; NAME.expected holds the lines it must give, all of them and no others.
// good/: NAME.printed is what print_config makes of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <vector>

#include "config/fake_types.h"

using namespace tocsin;
using namespace tocsin::test;

namespace {

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::filesystem::path beside(std::filesystem::path file, const char* extension) {
  return file.replace_extension(extension);
}

bool any_error(const Loaded& loaded) {
  return std::any_of(loaded.problems.begin(), loaded.problems.end(),
                     [](const Problem& problem) { return problem.is_error; });
}

}  // namespace

TEST_CASE("config: every mistake has its own message with its place", "[config]") {
  const Environment secret("TOCSIN_TEST_SECRET", "hunter2");
  const Environment unset("TOCSIN_TEST_UNSET", nullptr);
  const Environment credentials("CREDENTIALS_DIRECTORY", "/nonexistent");
  const auto files = yaml_files(fixtures() / "bad");
  REQUIRE(files.size() >= 100);
  for (const auto& file : files) {
    INFO(file);
    const Loaded loaded = load(file);
    const std::string got = lines(loaded, file.parent_path());
    CHECK(got == contents(beside(file, ".expected")));
    CHECK((loaded.config == nullptr) == any_error(loaded));
    // No message of any of them quotes what is secret.
    CHECK(got.find("hunter2") == std::string::npos);
    // What does not load does not print.
    CHECK(print(file).empty() == any_error(loaded));
  }
}

TEST_CASE("config: every expected message belongs to a fixture", "[config]") {
  for (const auto& entry : std::filesystem::directory_iterator(fixtures() / "bad")) {
    if (entry.path().extension() != ".expected") continue;
    INFO(entry.path());
    CHECK(std::filesystem::exists(beside(entry.path(), ".yaml")));
  }
}

TEST_CASE("config: what is valid prints with its defaults and without its secrets", "[config]") {
  const Environment host("TOCSIN_TEST_HOST", "db-01");
  const Environment port("TOCSIN_TEST_PORT", "5432");
  const std::string folder = (fixtures() / "good" / "credentials").string();
  const Environment credentials("CREDENTIALS_DIRECTORY", folder.c_str());
  const auto files = yaml_files(fixtures() / "good");
  REQUIRE(files.size() >= 6);
  for (const auto& file : files) {
    INFO(file);
    const Loaded loaded = load(file);
    CHECK_FALSE(any_error(loaded));
    REQUIRE(loaded.config);
    const std::string printed = print(file);
    CHECK(printed == contents(beside(file, ".printed")));
    CHECK(printed.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("config: what was printed means the same when read back", "[config]") {
  const Environment host("TOCSIN_TEST_HOST", "db-01");
  const Environment port("TOCSIN_TEST_PORT", "5432");
  const Folder folder;
  for (const auto& file : yaml_files(fixtures() / "good")) {
    // A secret that is hidden cannot be read back.
    if (file.stem() == "secrets") continue;
    INFO(file);
    const std::string printed = print(file);
    const auto copy = folder.write("copy.yaml", printed);
    CHECK(lines(load(copy), folder.path()).empty());
    CHECK(print(copy) == printed);
    const auto before = load(file).config;
    const auto after = load(copy).config;
    REQUIRE(after);
    REQUIRE(after->checks.size() == before->checks.size());
    for (std::size_t i = 0; i < after->checks.size(); ++i) {
      CHECK(after->checks[i]->name == before->checks[i]->name);
      CHECK(after->checks[i]->description == before->checks[i]->description);
      CHECK(after->checks[i]->thread_per_incident == before->checks[i]->thread_per_incident);
      CHECK(*after->checks[i]->notify == *before->checks[i]->notify);
    }
  }
}
