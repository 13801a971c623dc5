// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is posted, in the core: stored, then told and answered; by its id told once, whatever
// restarts and reloads.
#include <catch2/catch.hpp>

#include "core/core_thread.h"
#include "core/message_rig.h"

using namespace tocsin;
using Fate = PostAnswer::Fate;

namespace {

PostedMessage made(const std::string& text, const std::string& id = {},
                   std::vector<std::string> to = {}) {
  return {std::move(to), {"deploys", text, "by ci", "https://ci.example/42"}, id};
}

}  // namespace

TEST_CASE("messages: one is stored, then told and answered", "[core]") {
  MessageRig rig;
  rig.start(messages_config({}, {"ops", "boss"}));
  rig.store.hold();
  const auto answer = std::make_shared<std::optional<PostAnswer>>();
  rig.core->post_message(made("v42 is out", {}, {"boss", "ops", "boss"}),
                         [answer](PostAnswer became) { *answer = std::move(became); });
  CHECK_FALSE(*answer);
  CHECK(rig.told.empty());
  rig.store.release();
  REQUIRE(*answer);
  CHECK((*answer)->fate == Fate::durable);
  CHECK_FALSE((*answer)->repeated);
  REQUIRE(rig.told.size() == 2);
  CHECK(rig.told[0]->notifier == "boss");
  CHECK(rig.told[1]->notifier == "ops");
  CHECK(rig.told[0]->uid != rig.told[1]->uid);
  CHECK((*answer)->notifications ==
        std::vector<MadeNotification>{{rig.told[0]->id, rig.told[0]->uid, "boss"},
                                      {rig.told[1]->id, rig.told[1]->uid, "ops"}});
  const Notification& it = *rig.told[0];
  CHECK(it.thread_key == "deploys");
  CHECK(it.created_at == rig.clock.wall());
  CHECK(it.message->kind == Kind::info);
  CHECK(it.message->check.empty());
  CHECK(it.message->reason == "v42 is out");
  CHECK(it.message->details == "by ci");
  CHECK(it.message->runbook == "https://ci.example/42");
  CHECK(it.message->instance == "mon-1");
  CHECK(rig.store.saved().waiting.size() == 2);
  CHECK(rig.store.saved().told_once.empty());
}

TEST_CASE("messages: with one notifier nobody need be named; else who is named must be there",
          "[core]") {
  MessageRig rig;
  rig.start(messages_config({}));
  CHECK(rig.must(made("a")).notifications.at(0).notifier == "ops");
  const PostAnswer unknown = rig.must(made("a", "k", {"ops", "opps"}));
  CHECK(unknown.fate == Fate::refused);
  CHECK(unknown.mistake == "no notifier is named \"opps\"; did you mean \"ops\"?");
  rig.core->reload(messages_config({}, {"ops", "boss"}));
  CHECK(rig.must(made("a")).mistake ==
        "there are several notifiers: name those that are to be told (\"to\", or --to)");
  CHECK(rig.must(made("a", {}, {"boss"})).fate == Fate::durable);
  rig.core->reload(messages_config({}, {}));
  CHECK(rig.must(made("a")).mistake == "there are no notifiers; add one to the configuration");
  CHECK(rig.told.size() == 2);
  CHECK(rig.store.saved().told_once.empty());
}

TEST_CASE("messages: an id that comes again within a day is answered alike and not told again",
          "[core]") {
  MessageRig rig;
  rig.start(messages_config({}));
  const PostAnswer first = rig.must(made("v42 is out", "deploy 42"));
  CHECK_FALSE(first.repeated);
  const auto check_repeat = [&] {
    const PostAnswer again = rig.must(made("v42 is out", "deploy 42"));
    CHECK(again.repeated);
    CHECK(again.fate == Fate::durable);
    CHECK(again.notifications == first.notifications);
    CHECK(rig.must(made("v43 is out", "deploy 42")).fate == Fate::id_taken);
    CHECK(rig.told.size() == 1);
  };
  check_repeat();
  rig.restart(23h + 50min);
  check_repeat();
  rig.core->reload(rig.config);
  check_repeat();
  rig.clock.advance(10min);
  CHECK_FALSE(rig.must(made("v43 is out", "deploy 42")).repeated);
  CHECK(rig.told.size() == 2);
  rig.turn(25h);
  CHECK(rig.store.saved().told_once.empty());
}

TEST_CASE("messages: a repeat is answered only when the first one is on disk", "[core]") {
  MessageRig rig;
  rig.start(messages_config({}));
  rig.store.hold();
  const auto answer = std::make_shared<std::optional<PostAnswer>>();
  for (int i = 0; i < 2; ++i) {
    rig.core->post_message(made("a", "k"),
                           [answer](PostAnswer became) { *answer = std::move(became); });
  }
  CHECK_FALSE(*answer);
  rig.store.release();
  CHECK((*answer)->repeated);
  CHECK(rig.told.size() == 1);
}

TEST_CASE("messages: when the disk refuses, one is told all the same, and that is said", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.store.set_durable(false);
  CHECK(rig.must(made("a")).fate == Fate::memory);
  CHECK_FALSE(rig.told.at(0)->message->durable);
  rig.turn(20min);
  CHECK_FALSE(rig.told.at(1)->message->durable);
}

TEST_CASE("messages: so many ids and no more are remembered within a day", "[core]") {
  MessageRig rig;
  Saved saved;
  for (std::size_t i = 0; i < OwnMessages::kMostIds; ++i) {
    const std::string id = std::to_string(i);
    saved.told_once.push_back({once_key(OnceKind::posted, id), rig.clock.wall(), "x", {}});
  }
  rig.start(messages_config({}), std::move(saved));
  CHECK(rig.must(made("a", "k")).fate == Fate::too_many);
  CHECK(rig.must(made("a")).fate == Fate::durable);
  rig.turn(24h);
  CHECK(rig.must(made("a", "k")).fate == Fate::durable);
}

TEST_CASE("messages: what posts over the thread of the core is answered as it was", "[core]") {
  MessageRig rig;
  CoreThread thread(rig.clock);
  thread.start({.store = rig.store,
                .clock = rig.clock,
                .notification_ids = rig.ids,
                .probe = [](std::vector<DueProbe>) {},
                .forget = [](std::uint32_t) {},
                .tell = [](std::vector<NotificationPtr>) {},
                .notifier_views = [] { return std::vector<NotifierView>{}; },
                .heartbeats = rig.board},
               messages_config({}), {});
  Control& control = thread;
  CHECK(control.post_message(made("a")).fate == Fate::durable);
  CHECK(control.post_message(made("a", {}, {"x"})).fate == Fate::refused);
  thread.stop();
}

TEST_CASE("messages: a store that is begun anew gets all that is remembered", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.must(made("a", "k"));
  std::vector<std::string> keys;
  for (const ToldOnce& once : rig.core->dump().told_once) keys.push_back(once.key);
  std::sort(keys.begin(), keys.end());
  CHECK(keys == std::vector<std::string>{"posted k", "scheduled tapes"});
}
