// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The keys that every type of notifier has alike (wording.h), held for each of them without being
// told its name.
#include <catch2/catch.hpp>
#include <string>

#include "notify/contract_bench.h"
#include "notify/notify_fixture.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

using Catch::Matchers::Contains;

std::string told_with(const Rig& rig, const std::string& more, const Message& message) {
  RigBench bench(rig, more);
  return bench.told(a_notification(message));
}

std::string problems_with(const Rig& rig, const std::string& more) {
  std::string settings = rig.settings("http://127.0.0.1:1");
  settings.insert(1, more);
  return load_notifier(rig.type, settings).all_problems();
}

}  // namespace

TEST_CASE("notifiers: each tells by the template it is given", "[notify]") {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    const std::string more =
        "template: {title: \"mine {name}\", text: \"{labels.team} and {labels.owner|nobody}\"}, ";
    const std::string text = told_with(rig, more, a_message(Kind::down));
    CHECK_THAT(text, Contains("mine web-01"));
    CHECK_THAT(text, Contains("shop and nobody"));
  }
}

TEST_CASE("notifiers: each speaks the language it is given, by the clocks there", "[notify]") {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    const std::string text =
        told_with(rig, "language: de, time_zone: Europe/Berlin, ", a_message(Kind::up));
    CHECK_THAT(text, Contains("war 31 min lang DOWN"));
    CHECK_THAT(text, Contains("04:04:05"));
  }
}

TEST_CASE("notifiers: each refuses a bad template, zone and language", "[notify]") {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    CHECK_THAT(problems_with(rig, "template: \"{nam}\", "), Contains("did you mean {name}?"));
    CHECK_THAT(problems_with(rig, "time_zone: Mars, "),
               Contains("no time zone is called \"Mars\""));
    CHECK_THAT(problems_with(rig, "language: xx, "), Contains("one of de, en, es, fr expected"));
  }
}

TEST_CASE("notifiers: a hostile value within a template is as powerless as without one",
          "[notify]") {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    const Message message = hostile_message(Kind::down, hostile_text());
    const std::string text =
        told_with(rig, "template: {title: \"{reason}\", text: \"{labels} {target}\"}, ", message);
    CHECK_FALSE(rig.can_ping(text));
  }
}

}  // namespace tocsin
