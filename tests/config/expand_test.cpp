// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// for_each, templates and use: what they make, by what the loader gives and by what --print shows.
#include "config/expand.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "config/load.h"
#include "notify/registry.h"
#include "probe/registry.h"
#include "support/temp_dir.h"

using namespace tocsin;

namespace {

struct Made {
  explicit Made(const std::string& yaml, const TempDir& dir = TempDir()) {
    const auto file =
        dir.write("tocsin.yaml",
                  "notifiers: [{name: ops, console: {}}, {name: night, console: {}}]\n" + yaml);
    loaded = load_config(file, check_types(), notifier_types(), {});
    for (const Problem& problem : loaded.problems) {
      problems += std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                  problem.message + "\n";
    }
  }
  // "name target, name target"
  std::string checks() const {
    std::string out;
    if (!loaded.config) return "none: " + problems;
    for (const CheckPtr& check : loaded.config->checks) {
      out += (out.empty() ? "" : ", ") + check->name + " " + check->target;
    }
    return out;
  }
  const Check& check(std::size_t i = 0) const { return *loaded.config->checks.at(i); }

  Loaded loaded;
  std::string problems;
};

const std::string kNotify = "defaults: {notify: [ops]}\n";

}  // namespace

TEST_CASE("for_each: one check for every value, filled in everywhere", "[config]") {
  const Made made(kNotify + R"(checks:
  - name: "{host}/ssh"
    for_each: {host: [web-01, web-02]}
    labels: {host: "{host}", team: shop}
    runbook: https://wiki.example/{host}#{host}
    depends_on: ["{host}/ping"]
    tcp: "{host}.example.net:22"
  - name: "{host}/ping"
    for_each: {host: [web-01, web-02]}
    tcp: {host: "{host}", port: 7}
)");
  CHECK(made.checks() ==
        "web-01/ssh web-01.example.net:22, web-02/ssh web-02.example.net:22, "
        "web-01/ping web-01:7, web-02/ping web-02:7");
  CHECK(made.check(1).labels.at(0).second == "web-02");
  CHECK(made.check(1).runbook == "https://wiki.example/web-02#web-02");
  CHECK(made.check(1).depends_on == std::vector<std::string>{"web-02/ping"});
}

TEST_CASE("for_each: several variables make every combination; rows belong together", "[config]") {
  CHECK(Made(kNotify + "checks: [{name: '{h}:{p}', for_each: {h: [a, b], p: [1, 2]}, tcp: "
                       "'{h}:{p}'}]\n")
            .checks() == "a:1 a:1, a:2 a:2, b:1 b:1, b:2 b:2");
  CHECK(Made(kNotify + "checks: [{name: '{h}', for_each: [{h: a, p: 1}, {h: b, p: 2}], tcp: "
                       "'{h}:{p}'}]\n")
            .checks() == "a a:1, b b:2");
  CHECK(Made(kNotify + "checks: [{name: none, for_each: {h: []}, tcp: 'a:1'}, {name: x, tcp: "
                       "'x:1'}]\n")
            .checks() == "x x:1");
}

TEST_CASE("for_each: lists come from files, too, which are watched", "[config]") {
  const TempDir dir;
  dir.write("hosts.yaml", "- web-01\n- web-02\n");
  dir.write("rows.json", R"([{"host": "a", "port": 1}, {"host": "b", "port": 2}])");
  const Made made(kNotify + R"(checks:
  - {name: "{host}/x", for_each: {host: {from_file: hosts.yaml}}, tcp: "{host}:1"}
  - {name: "{host}/y", for_each: {host: {from_file: hosts.yaml}}, tcp: "{host}:2"}
  - {name: "{host}", for_each: {from_file: rows.json}, tcp: "{host}:{port}"}
)",
                  dir);
  CHECK(made.checks() ==
        "web-01/x web-01:1, web-02/x web-02:1, web-01/y web-01:2, web-02/y web-02:2, a a:1, b b:2");
  REQUIRE(made.loaded.config);
  REQUIRE(made.loaded.config->watched_files.size() == 2);
  CHECK(made.loaded.config->watched_files[0] == dir.path() / "hosts.yaml");
  CHECK(made.loaded.config->watched_files[1] == dir.path() / "rows.json");
}

TEST_CASE("for_each: only its own variables are filled in, and once", "[config]") {
  using Values = std::vector<std::pair<std::string, std::string>>;
  const Values values{{"a", "1"}, {"b", "{a}"}};
  CHECK(fill_in("{a}{b}{c} {a", values) == "1{a}{c} {a");
  CHECK(fill_in("{{a}} {} {a }", values) == "{1} {} {a }");
  CHECK(fill_in("", values).empty());
}

TEST_CASE("templates: an entry is put over them, mapping by mapping", "[config]") {
  const Made made(R"(templates:
  web:
    interval: 10s
    notify: [ops]
    labels: {team: shop, tier: front}
    http: {url: "https://{host}/", expect: {status: 204, body_contains: ok}}
  night: {use: loud, notify: [night]}
  loud: {notify: [ops], down_after: 1, up_after: 5}
checks:
  - name: "{host}"
    use: [night, web]
    for_each: {host: [a.example, b.example]}
    labels: {tier: back}
    http: {expect: {status: 200}}
)");
  INFO(made.problems);
  REQUIRE(made.loaded.config);
  CHECK(made.checks() == "a.example https://a.example/, b.example https://b.example/");
  const Check& check = made.check(1);
  CHECK(check.timing.interval == Millis{10'000});
  CHECK(check.timing.down_after == 1);
  CHECK(check.timing.up_after == 5);
  CHECK(*check.notify == std::vector<std::string>{"night"});
  CHECK(check.labels.size() == 2);
  CHECK(check.labels.at(0).second == "back");
  CHECK(check.labels.at(1).second == "shop");
}

TEST_CASE("templates and for_each: mistakes are told where they stand", "[config]") {
  const auto told = [](const std::string& yaml) { return Made(kNotify + yaml).problems; };
  CHECK(told("templates: [a]\nchecks: [{name: x, tcp: 'x:1'}]\n") ==
        "3:12: \"templates\" is a mapping of names to check keys\n");
  CHECK(told("templates: {web: {name: x}}\nchecks: [{name: x, tcp: 'x:1'}]\n") ==
        "3:19: a name belongs to one check, not to a template\n");
  CHECK(told("templates: {shop-web: {}}\nchecks: [{name: x, use: shop-wbe, tcp: 'x:1'}]\n") ==
        "4:25: no template is named \"shop-wbe\"; did you mean \"shop-web\"?\n");
  CHECK(told("templates: {a: {use: b}, b: {use: a}}\nchecks: [{name: x, use: a, tcp: 'x:1'}]\n") ==
        "3:35: the template \"a\" uses itself in the end\n");
  CHECK(told("checks: [{name: x, use: {a: b}, tcp: 'x:1'}]\n").find("takes a template's name") !=
        std::string::npos);
  CHECK(told("checks: [{name: x, for_each: {h: [a, b]}, tcp: 'x:1'}]\n") ==
        "3:17: the name must hold a variable of for_each, as in \"{host}/ssh\"\n");
  CHECK(told("checks: [{name: '{h}', for_each: {h: a}, tcp: 'x:1'}]\n") ==
        "3:38: a list is wanted here, or {from_file: PATH}\n");
  CHECK(told("checks: [{name: '{h}', for_each: [a, b], tcp: 'x:1'}]\n")
            .find("a row of for_each is a mapping such as {host: web-01}") != std::string::npos);
  CHECK(told("checks: [{name: '{h}', for_each: {h: [{a: b}]}, tcp: 'x:1'}]\n") ==
        "3:39: the value of a variable is a text or a number\n");
  CHECK(told("checks: [{name: '{h}', for_each: {}, tcp: 'x:1'}]\n").find("names no variable") !=
        std::string::npos);
  CHECK(told("checks: [{name: '{h h}', for_each: {h h: [a]}, tcp: 'x:1'}]\n") ==
        "3:37: a variable's name has letters, digits, \"_\" and \"-\"\n");
  CHECK(told("checks: [{name: '{h}', for_each: {h: {from_file: gone.yaml}}, tcp: 'x:1'}]\n")
            .find("gone.yaml\": no such file or directory") != std::string::npos);
  // A mistake that every check made has is told once.
  CHECK(told("checks: [{name: '{h}', for_each: {h: [a, b, c]}, tpc: 'x:1'}]\n").find("tcp") ==
        told("checks: [{name: '{h}', for_each: {h: [a, b, c]}, tpc: 'x:1'}]\n").rfind("tcp"));
}

TEST_CASE("for_each: what would grow without bound is refused", "[config]") {
  std::string list = "[";
  for (int i = 0; i < 400; ++i) list += std::to_string(i) + ",";
  list += "x]";
  const Made made(kNotify + "checks: [{name: '{a}{b}{c}', for_each: {a: " + list + ", b: " + list +
                  ", c: " + list + "}, tcp: 'x:1'}]\n");
  CHECK(made.problems.find("for_each makes more than 100000 checks") != std::string::npos);
}

TEST_CASE("for_each: --print shows the checks that came out", "[config]") {
  const TempDir dir;
  const auto file = dir.write("tocsin.yaml",
                              "notifiers: [{name: ops, console: {}}]\n"
                              "checks: [{name: '{h}', for_each: {h: [a, b]}, tcp: '{h}:1'}]\n");
  const std::string printed = print_config(file, check_types(), notifier_types(), {});
  CHECK(printed.find("name: a\n") != std::string::npos);
  CHECK(printed.find("name: b\n") != std::string::npos);
  CHECK(printed.find("for_each") == std::string::npos);
}
