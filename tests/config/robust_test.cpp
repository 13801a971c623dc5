// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Whatever stands in a file, loading ends, and says why or gives a configuration.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <ctime>
#include <fstream>
#include <random>
#include <sstream>

#include "config/fake_types.h"

using namespace tocsin;
using namespace tocsin::test;

namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const char* folder : {"good", "bad"}) {
    for (const auto& entry : std::filesystem::directory_iterator(fixtures() / folder)) {
      if (entry.path().extension() != ".yaml") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      if (text.str().size() < 3000) out.push_back(text.str());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Every problem has a place in the file and says something; a configuration comes without errors.
void check_outcome(const Loaded& loaded, const std::string& text) {
  const auto rows = std::count(text.begin(), text.end(), '\n') + 1;
  bool errors = false;
  for (const Problem& problem : loaded.problems) {
    errors = errors || problem.is_error;
    CHECK_FALSE(problem.message.empty());
    if (problem.file.ends_with("fuzz.yaml")) CHECK(problem.line <= rows);
    CHECK(problem.line >= 0);
    CHECK((problem.line == 0) == (problem.column == 0));
    const bool plain = std::none_of(problem.message.begin(), problem.message.end(), [](char c) {
      return std::iscntrl(static_cast<unsigned char>(c));
    });
    CHECK(plain);
  }
  CHECK(errors == (loaded.config == nullptr));
}

void mutate(std::string& text, std::mt19937& random) {
  static constexpr std::string_view kSigns =
      "[]{}:,-?#&*!|>'\"%@`$~<\n\n\t  ab01.\\/\xC3\xA9\xFF\x01";
  const auto below = [&](std::size_t most) { return most == 0 ? 0 : random() % most; };
  const std::size_t at = below(text.size());
  switch (random() % 5) {
    case 0: text.insert(at, 1, kSigns[below(kSigns.size())]); break;
    case 1: text.erase(at, 1 + below(8)); break;
    case 2:
      if (!text.empty()) text[at] = kSigns[below(kSigns.size())];
      break;
    case 3: text.insert(at, text.substr(below(text.size()), below(40))); break;
    default: text.resize(at); break;
  }
}

std::string many_checks(int count, bool long_form) {
  std::ostringstream out;
  out << "notifiers: [{name: ops, console: {}}]\nchecks:\n";
  for (int i = 0; i < count; ++i) {
    out << "  - name: host-" << i << "/web\n";
    if (!long_form) {
      out << "    http: https://host-" << i << ".example.net/health\n";
      continue;
    }
    out << "    description: the web server\n    labels: {team: shop, tier: front}\n"
        << "    runbook: https://wiki.example.net/web\n    interval: 10s\n    notify: [ops]\n"
        << "    http:\n      url: https://host-" << i << ".example.net/api/health\n"
        << "      method: GET\n      headers: {Accept: application/json}\n      redirects: 5\n"
        << "      expect:\n        status: 200\n        body_contains: ok\n"
        << "        json: {db.status: up}\n        response_time: 800ms\n"
        << "        certificate_days: 14\n";
  }
  return out.str();
}

// CPU seconds of one load.
double cost(const std::filesystem::path& file, std::size_t expected) {
  const std::clock_t before = std::clock();
  const Loaded loaded = load(file);
  const std::clock_t after = std::clock();
  REQUIRE(loaded.problems.empty());
  REQUIRE(loaded.config);
  REQUIRE(loaded.config->checks.size() == expected);
  return static_cast<double>(after - before) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("load: a file cut anywhere is refused or valid, never a crash", "[config]") {
  const Folder folder;
  for (const std::string& seed : seeds()) {
    const std::size_t step = std::max<std::size_t>(1, seed.size() / 40);
    for (std::size_t size = 0; size < seed.size(); size += step) {
      const std::string text = seed.substr(0, size);
      INFO(text);
      check_outcome(load(folder.write("fuzz.yaml", text)), text);
    }
  }
}

TEST_CASE("load: a file with random damage is refused or valid, never a crash", "[config]") {
  const Folder folder;
  const std::vector<std::string> from = seeds();
  std::mt19937 random(20261121);
  for (int i = 0; i < 3000; ++i) {
    std::string text = from[random() % from.size()];
    for (auto n = 1 + random() % 6; n > 0; --n) mutate(text, random);
    INFO("round " << i << "\n" << text);
    const auto file = folder.write("fuzz.yaml", text);
    check_outcome(load(file), text);
    if (i % 16 == 0) print(file);
  }
}

TEST_CASE("load: the cost grows with the number of checks, no faster", "[config]") {
  const Folder folder;
  for (const bool long_form : {false, true}) {
    const auto few = folder.write("few.yaml", many_checks(1500, long_form));
    const auto many = folder.write("many.yaml", many_checks(6000, long_form));
    cost(few, 1500);  // warms caches up
    const double small = cost(few, 1500);
    // Four times the work; quadratic growth would be sixteen.
    CHECK(cost(many, 6000) < 8 * small + 0.05);
  }
}

// yaml-cpp's parser alone takes 0.1 s of the short form and 0.5 to 0.6 s of the long one. Not run
// by default, since a busy machine says nothing.
TEST_CASE("load: ten thousand checks are loaded in half a second", "[config][.speed]") {
  const Folder folder;
  for (const bool long_form : {false, true}) {
    const double seconds = cost(folder.write("a.yaml", many_checks(10'000, long_form)), 10'000);
    WARN((long_form ? "long form: " : "short form: ") << seconds << " s");
    CHECK(seconds < (long_form ? 1.0 : 0.5));
  }
}

TEST_CASE("load: what ten thousand checks say alike costs little more", "[config][.speed]") {
  const Folder folder;
  std::string text = "notifiers: [{name: ops, console: {}}]\nchecks:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += "  - {name: c" + std::to_string(i) +
            ", tcp: 'a:1', notify: [ops], labels: {team: shop}, escalate: [{after: 1h, notify: "
            "[ops]}], quiet_hours: {at: '22:00', lasts: 9h, time_zone: Europe/Berlin}}\n";
  }
  text += "routes:\n";
  for (int i = 0; i < 100; ++i) {
    text +=
        "  - {match: {name: 'c9" + std::to_string(i) + "*', labels: {team: s*}}, notify: [ops]}\n";
  }
  const double seconds = cost(folder.write("a.yaml", text), 10'000);
  WARN(seconds << " s");
  CHECK(seconds < 1.5);
}
