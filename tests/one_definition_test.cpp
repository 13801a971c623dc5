// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Two types of one name in one namespace are undefined behaviour that neither compiler nor linker
// tells: one's destructor is taken for both, and the heap is corrupted. Sources are read as text;
// clang-format puts what is in a namespace, and nothing else, at the line's beginning.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace fs = std::filesystem;

namespace {

using Names = std::set<std::string>;

// The types that are defined in named namespaces. Those of a test program's main parts count too:
// they are linked with the product.
Names types_in(std::istream& in) {
  static const std::regex kDefinition(
      R"(^(struct|class|union|enum class|enum) (\w+)( final)?( :.*)? \{.*)");
  Names out;
  bool is_ours = false;  // within namespace tocsin
  bool is_hidden = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "namespace tocsin {") is_ours = true;
    if (line == "namespace {") is_hidden = true;
    if (line.starts_with("}  // namespace")) (is_hidden ? is_hidden : is_ours) = false;
    std::smatch found;
    if (is_ours && !is_hidden && std::regex_match(line, found, kDefinition)) out.insert(found[2]);
  }
  return out;
}

}  // namespace

TEST_CASE("layering: no two files define a type of the same name", "[layering]") {
  const fs::path root = TOCSIN_SOURCE_DIR;
  std::map<std::string, Names> places;
  for (const char* folder : {"include", "src", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      std::ifstream in(entry.path());
      for (const std::string& type : types_in(in)) {
        places[type].insert(fs::relative(entry.path(), root).string());
      }
    }
  }
  CHECK(places.size() > 200);
  for (const auto& [type, files] : places) {
    INFO(type << " is defined in " << *files.begin() << " and in " << *files.rbegin());
    CHECK(files.size() == 1);
  }
}

TEST_CASE("layering: only what others can see counts as a definition", "[layering]") {
  std::istringstream in(
      "struct Outside {\n"
      "namespace tocsin {\n"
      "namespace {\n"
      "struct Hidden {\n"
      "}  // namespace\n"
      "struct Seen : Base {\n"
      "  struct Inner {\n"
      "struct Declared;\n"
      "enum class Kind : int { a };\n"
      "}  // namespace tocsin\n");
  CHECK(types_in(in) == Names{"Kind", "Seen"});
}
