// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What holds for every notifier in the registry, whatever its name (STYLE section 6). Each rule
// goes over all of them; a type without a rig fails the first.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "config/load.h"
#include "notify/contract_bench.h"
#include "notify/notify_fixture.h"
#include "notify/registry.h"
#include "notify/rigs.h"
#include "notify/sink_text.h"
#include "notify/webhook_url.h"
#include "probe/registry.h"
#include "support/http_stand_in.h"
#include "support/temp_dir.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;

bool shows_secret(const Rig& rig, const std::string& text) {
  return gives_away(text, rig.secrets) || text.find("http://") != std::string::npos;
}

}  // namespace

TEST_CASE("notifiers: every type has a rig here, and the registry is sorted", "[notify]") {
  std::vector<std::string> types;
  std::vector<std::string> rigged;
  for (const NotifierType& type : notifier_types()) {
    types.emplace_back(type.name);
    CHECK_FALSE(type.summary.empty());
  }
  for (const Rig& rig : rigs()) rigged.emplace_back(rig.type);
  CHECK(types == rigged);
  CHECK(std::is_sorted(types.begin(), types.end()));
}

TEST_CASE("notifiers: each example is a configuration without a fault", "[notify]") {
  for (const NotifierType& type : notifier_types()) {
    const std::string name = "notify-" + std::string(type.name) + ".yaml";
    const auto file = std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc/examples" / name;
    const Loaded loaded =
        load_config(file, check_types(), notifier_types(), LoadOptions{.resolve_secrets = false});
    for (const Problem& problem : loaded.problems) UNSCOPED_INFO(problem.text());
    CHECK(loaded.problems.empty());
    REQUIRE(loaded.config);
    const auto& all = loaded.config->notifiers;
    const auto is_it = [&](const NotifierEntry& entry) { return entry.type == type.name; };
    CHECK(std::any_of(all.begin(), all.end(), is_it));
  }
}

TEST_CASE("notifiers: an unknown key is refused", "[notify]") {
  for (const Rig& rig : rigs()) {
    std::string settings = rig.settings("http://127.0.0.1:1");
    settings.insert(1, "no_such_key: 1, ");
    const LoadedNotifier loaded = load_notifier(rig.type, settings);
    CHECK_FALSE(loaded.notifier);
    CHECK(loaded.all_problems().find("error: unknown key \"no_such_key\"") != std::string::npos);
  }
}

TEST_CASE("notifiers: no secret is in a problem, a sink or a pace", "[notify]") {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    std::string settings = rig.settings("http://127.0.0.1:1");
    const auto notifier = load_notifier(rig.type, settings).notifier;
    REQUIRE(notifier);
    CHECK_FALSE(notifier->sink().empty());
    CHECK_FALSE(notifier->pace().key.empty());
    CHECK_FALSE(shows_secret(rig, notifier->sink() + notifier->pace().key));
    settings.insert(1, "no_such_key: 1, ");
    CHECK_FALSE(gives_away(load_notifier(rig.type, settings).all_problems(), rig.secrets));
  }
}

TEST_CASE("notifiers: each kind of message arrives, with its name and reason", "[notify]") {
  for_each_rig([](const Rig&, RigBench& bench) {
    for (const Kind kind : kKinds) {
      INFO(to_string(kind));
      const Message message = a_message(kind);
      const std::string text = bench.told(a_notification(message));
      CHECK(text.find(message.check) != std::string::npos);
      CHECK(text.find("connection refused (127.0.0.1:8080)") != std::string::npos);
    }
  });
}

TEST_CASE("notifiers: a note arrives, before what else there is below the first line", "[notify]") {
  for_each_rig([](const Rig&, RigBench& bench) {
    for (const Kind kind : {Kind::down, Kind::flapping, Kind::up}) {
      INFO(to_string(kind));
      Message message = a_message(kind);
      message.note = "not acknowledged for 10 min\nwith it unreachable: db-1, db-2 and 37 more";
      const std::string text = bench.told(a_notification(message));
      const auto first = text.find("not acknowledged for 10 min");
      const auto second = text.find("with it unreachable: db-1, db-2 and 37 more");
      const auto labels = text.find("team=shop, tier=front");
      CHECK(first != std::string::npos);
      CHECK(first < second);
      CHECK(second < labels);
    }
  });
}

TEST_CASE("notifiers: hostile text can neither ping nor break what is sent", "[notify]") {
  for_each_rig([](const Rig& rig, RigBench& bench) {
    for (const Kind kind : kKinds) {
      INFO(to_string(kind));
      Message message = hostile_message(kind, hostile_text());
      message.note = hostile_text();
      const std::string text = bench.told(a_notification(message));
      CHECK(is_valid_utf8(text));
      CHECK_FALSE(rig.can_ping(text));
    }
  });
}

TEST_CASE("notifiers: a text beyond the sink's limit is cut between code points", "[notify]") {
  for_each_rig([](const Rig& rig, RigBench& bench) {
    for (const std::string piece : {"x", "é", "漢", "🔔", "<"}) {
      INFO(piece);
      std::string big;
      while (big.size() < 1 << 20) big += piece;
      Message message = hostile_message(Kind::digest, big);
      message.reason = "DOWN\n" + big + "\n" + big;
      message.note = big + "\n" + big;
      const std::string text = bench.told(a_notification(message));
      CHECK(is_valid_utf8(text));
      CHECK(units(text, TextUnit::utf16) <= rig.most_text);
      CHECK(text.find("\xEF\xBF\xBD") == std::string::npos);
    }
  });
}

}  // namespace tocsin
