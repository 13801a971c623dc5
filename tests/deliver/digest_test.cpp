// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/digest.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "util/text.h"

using namespace tocsin;

namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("digest: the first line does on a lock screen", "[deliver]") {
  std::vector<DigestEntry> entries;
  for (int i = 0; i < 4; ++i) entries.push_back({5, "UP", "db-" + std::to_string(i), "", 1});
  for (int i = 0; i < 5; ++i) entries.push_back({0, "DOWN", "w-" + std::to_string(i), "slow", 1});
  entries.push_back({1, "DEGRADED", "x", "certificate expires in 3 days", 1});
  const auto pages = write_digest(entries);
  REQUIRE(pages.size() == 1);
  CHECK(first_line(pages[0].text) ==
        "DOWN 5 checks: w-0, w-1, w-2 and 2 more; DEGRADED 1 check: x; "
        "UP 4 checks: db-0, db-1, db-2 and 1 more");
  CHECK(pages[0].text.find("\nDOWN, slow: w-0, w-1, w-2, w-3, w-4\n"
                           "DEGRADED, certificate expires in 3 days: x\n"
                           "UP: db-0, db-1, db-2, db-3") != std::string::npos);
}

TEST_CASE("digest: the address at a reason's end does not split a group", "[deliver]") {
  CHECK(common_reason("connection refused (127.0.0.1:8080)") == "connection refused");
  CHECK(common_reason("connection refused ([::1]:8080)") == "connection refused");
  CHECK(common_reason("status 503 (expected 2xx)") == "status 503 (expected 2xx)");
  CHECK(common_reason("(1:2)") == "(1:2)");
  CHECK(common_reason(")") == ")");
  CHECK(common_reason("") == "");
}

TEST_CASE("digest: where the limits do not do, reasons give way, then the rest is counted",
          "[deliver]") {
  std::vector<DigestEntry> entries;
  for (int i = 0; i < 200; ++i) {
    entries.push_back({0, "DOWN", "check-" + std::to_string(i),
                       "reason of its own " + std::to_string(i) + std::string(80, 'x'), 1});
  }
  SECTION("reasons give way") {
    const auto pages = write_digest(entries, {.bytes = 1500, .pages = 3});
    REQUIRE(pages.size() <= 3);
    std::size_t told = 0;
    for (const DigestPage& page : pages) {
      CHECK(page.text.size() <= 1500);
      CHECK(page.text.find("reason") == std::string::npos);
      told += page.entries.size();
    }
    CHECK(told == 200);
    CHECK(pages.back().text.find("\nand ") == std::string::npos);
    CHECK(pages.back().text.find("check-199") != std::string::npos);
  }
  SECTION("the rest is counted") {
    const auto pages = write_digest(entries, {.bytes = 500, .pages = 2});
    REQUIRE(pages.size() == 2);
    std::set<std::size_t> told;
    std::size_t named = 0;
    for (const DigestPage& page : pages) {
      CHECK(page.text.size() <= 500);
      told.insert(page.entries.begin(), page.entries.end());
      const std::string body = page.text.substr(page.text.find('\n'));
      for (std::size_t at = body.find("check-"); at != std::string::npos;
           at = body.find("check-", at + 1)) {
        ++named;
      }
    }
    CHECK(told.size() == named);
    CHECK(pages.back().text.ends_with("\nand " + std::to_string(200 - named) + " more"));
    CHECK(pages[0].text.find("[1 of 2]") != std::string::npos);
  }
}

TEST_CASE("digest: a hostile reason stays one short line of valid text", "[deliver]") {
  std::vector<DigestEntry> entries;
  entries.push_back({0, "DOWN", "a", "evil\nDOWN b\r\n" + std::string(100'000, '\xff'), 1});
  entries.push_back({0, "DOWN", "b", "", 1});
  const auto pages = write_digest(entries);
  REQUIRE(pages.size() == 1);
  CHECK(pages[0].text.size() < 600);
  CHECK(is_valid_utf8(pages[0].text));
  CHECK(std::count(pages[0].text.begin(), pages[0].text.end(), '\n') == 2);
}
