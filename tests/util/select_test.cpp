// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/select.h"

#include <catch2/catch.hpp>

using namespace tocsin;

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

bool named(const std::string& pattern, const std::string& name) {
  return selects({.names = {pattern}, .labels = {}}, name, {});
}

}  // namespace

TEST_CASE("select: a name is meant as a whole", "[util]") {
  CHECK(named("db-1", "db-1"));
  CHECK_FALSE(named("db-1", "db-10"));
  CHECK_FALSE(named("db-1", "my-db-1"));
  CHECK_FALSE(named("db-1", "DB-1"));
  CHECK_FALSE(named("web-01", "web-01/http"));
  CHECK_FALSE(named("", "db-1"));
}

TEST_CASE("select: patterns are a shell's, and a slash and a dot are no exceptions", "[util]") {
  CHECK(named("db-*", "db-"));
  CHECK(named("db-*", "db-10"));
  CHECK(named("*", "web-01/http"));
  CHECK(named("web-*http", "web-01/http"));
  CHECK(named("web-01?http", "web-01/http"));
  CHECK(named("*", ".hidden"));
  CHECK(named("db-?", "db-1"));
  CHECK_FALSE(named("db-?", "db-10"));
  CHECK(named("db-[1-3]", "db-2"));
  CHECK_FALSE(named("db-[1-3]", "db-4"));
  CHECK(named("db-[!1-3]", "db-4"));
  CHECK(named("\\*", "*"));
  CHECK_FALSE(named("\\*", "db-1"));
}

TEST_CASE("select: what is a regular expression elsewhere is none here", "[util]") {
  CHECK_FALSE(named("db.*", "db-1"));
  CHECK(named("db.*", "db.example.org"));
  CHECK_FALSE(named("db-1|db-2", "db-1"));
  CHECK_FALSE(named("^db-1$", "db-1"));
}

TEST_CASE("select: one of the names is enough, and no names mean every name", "[util]") {
  const Selector two{.names = {"web-*", "db-1"}, .labels = {}};
  CHECK(selects(two, "web-7", {}));
  CHECK(selects(two, "db-1", {}));
  CHECK_FALSE(selects(two, "db-2", {}));
  CHECK(selects({}, "db-2", {}));
  CHECK(selects({}, "db-2", {{"team", "shop"}}));
}

TEST_CASE("select: all the labels have to be there, their values by pattern, their keys not",
          "[util]") {
  const Labels has{{"team", "shop"}, {"site", "dc-2"}};
  CHECK(selects({.names = {}, .labels = {{"team", "shop"}}}, "db-1", has));
  CHECK(selects({.names = {}, .labels = {{"site", "dc-*"}, {"team", "sh?p"}}}, "db-1", has));
  CHECK(selects({.names = {}, .labels = {{"site", "*"}}}, "db-1", has));
  CHECK_FALSE(selects({.names = {}, .labels = {{"site", "dc"}}}, "db-1", has));
  CHECK_FALSE(selects({.names = {}, .labels = {{"team", "dc-2"}}}, "db-1", has));
  CHECK_FALSE(selects({.names = {}, .labels = {{"team", "shop"}, {"site", "dc-1"}}}, "db-1", has));
  CHECK_FALSE(selects({.names = {}, .labels = {{"rack", "*"}}}, "db-1", has));
  CHECK_FALSE(selects({.names = {}, .labels = {{"te*", "shop"}}}, "db-1", has));
  CHECK_FALSE(selects({.names = {}, .labels = {{"team", "*"}}}, "db-1", {}));
}

TEST_CASE("select: names and labels have to be right both", "[util]") {
  const Selector both{.names = {"db-*"}, .labels = {{"team", "shop"}}};
  CHECK(selects(both, "db-1", {{"team", "shop"}}));
  CHECK_FALSE(selects(both, "db-1", {{"team", "mail"}}));
  CHECK_FALSE(selects(both, "web-1", {{"team", "shop"}}));
}

TEST_CASE("select: people are shown what is meant in a line", "[util]") {
  CHECK(shown({}) == "every check");
  CHECK(shown({.names = {"db-1"}, .labels = {}}) == "db-1");
  CHECK(shown({.names = {"web-*", "db-1"}, .labels = {{"team", "shop"}}}) ==
        "web-*, db-1; team=shop");
  CHECK(shown({.names = {}, .labels = {{"team", "shop"}, {"site", "dc-*"}}}) ==
        "team=shop, site=dc-*");
  CHECK(shown({.names = {"db-1"}, .labels = {{"team", "shop"}, {"site", "x"}}}) ==
        "db-1; team=shop, site=x");
}
