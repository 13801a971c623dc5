// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/shared_label.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "deliver/digest.h"

using namespace tocsin;

namespace {

const Labels kShop{{"dc", "dc-1"}, {"env", "prod"}};
const Labels kOther{{"dc", "dc-2"}, {"env", "prod"}};
const LabelTotals kTotals{{"dc=dc-1", 40}, {"dc=dc-2", 240}, {"env=prod", 1000}};

std::vector<const Labels*> both(std::size_t shop, std::size_t other) {
  std::vector<const Labels*> out(shop, &kShop);
  out.insert(out.end(), other, &kOther);
  return out;
}

std::string line(const std::string& text, int number) {
  std::size_t at = 0;
  for (int i = 0; i < number; ++i) at = text.find('\n', at) + 1;
  return text.substr(at, text.find('\n', at) - at);
}

}  // namespace

TEST_CASE("shared label: of two that all share, the one that few others have tells more",
          "[deliver]") {
  const SharedLabel found = shared_label(both(0, 212), kTotals);
  CHECK(found.text == "dc=dc-2");
  CHECK(found.of.size() == 212);
  CHECK(found.total == 240);
}

TEST_CASE("shared label: a narrow one wins although a few lack it", "[deliver]") {
  const SharedLabel found = shared_label(both(5, 212), kTotals);
  CHECK(found.text == "dc=dc-2");
  CHECK(found.of.size() == 212);
  CHECK(found.of.front() == 5);
}

TEST_CASE("shared label: what too few share is none", "[deliver]") {
  const Labels rack{{"rack", "7"}};
  SECTION("one check alone") {
    CHECK(shared_label({&rack}, kTotals).text.empty());
  }
  SECTION("two of three") {
    CHECK(shared_label({&rack, &rack, nullptr}, kTotals).text.empty());
  }
  SECTION("less than a quarter") {
    std::vector<const Labels*> checks(10, nullptr);
    checks.insert(checks.end(), 3, &rack);
    CHECK(shared_label(checks, kTotals).text.empty());
  }
}

TEST_CASE("shared label: no total is less than what was seen", "[deliver]") {
  CHECK(shared_label(both(60, 0), kTotals).total == 60);
  CHECK(shared_label(both(60, 0), {}).total == 60);
}

TEST_CASE("shared label: the checks of a configuration that are watched are counted", "[deliver]") {
  std::vector<CheckPtr> checks;
  for (int i = 0; i < 3; ++i) {
    auto check = std::make_shared<Check>();
    check->labels = kShop;
    check->enabled = i != 0;
    checks.push_back(check);
  }
  CHECK(count_labels(checks) == LabelTotals{{"dc=dc-1", 2}, {"env=prod", 2}});
}

TEST_CASE("digest: it says how many of how many, where, and why", "[deliver]") {
  std::vector<DigestEntry> entries;
  for (int i = 0; i < 212; ++i) {
    entries.push_back({0, "DOWN", "w-" + std::to_string(i), "connect timeout", 1, &kOther});
  }
  SECTION("when all share it") {
    const auto pages = write_digest(entries, {}, kTotals);
    CHECK(line(pages[0].text, 0) ==
          "DOWN 212 of 240 checks on dc=dc-2, connect timeout: w-0, w-1, w-2 and 209 more");
    CHECK(line(pages[0].text, 1)
              .starts_with("DOWN 212 of 240 on dc=dc-2, connect timeout: w-0, w-1, w-2, w-3, "));
  }
  SECTION("when some do not") {
    for (const char* name : {"a", "b"}) {
      entries.push_back({0, "DOWN", name, "connection refused", 1, &kShop});
    }
    const auto pages = write_digest(entries, {}, kTotals);
    CHECK(line(pages[0].text, 0) ==
          "DOWN 212 of 240 checks on dc=dc-2, connect timeout: w-0, w-1, w-2 and 209 more; "
          "DOWN 2 others");
    CHECK(pages[0].text.ends_with("\nDOWN 2 of 40 on dc=dc-1, connection refused: a, b"));
  }
}
