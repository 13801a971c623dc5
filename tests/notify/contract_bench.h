// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "notify/notify_fixture.h"
#include "notify/rig_sink.h"
#include "notify/rigs.h"
#include "support/temp_dir.h"

namespace tocsin {

// A notifier of the rig's type before a sink of its own, and a loop to send on.
class RigBench {
 public:
  // `more`: further settings, "key: value, ".
  explicit RigBench(const Rig& rig, const std::string& more = "") : sink(rig), rig_(rig) {
    const std::string where = rig.is_http() ? sink.base_url() : dir_.path().string();
    std::string settings = rig.settings(where);
    settings.insert(1, more);
    const LoadedNotifier loaded = load_notifier(rig.type, settings);
    INFO(rig.type);
    INFO(loaded.all_problems());
    REQUIRE(loaded.notifier);
    notifier_ = loaded.notifier;
  }

  Outcome send(const Notification& notification) { return desk_.send(*notifier_, notification); }
  std::vector<Outcome> send_all(const std::vector<Notification>& all) {
    return desk_.send_all(*notifier_, all);
  }
  Outcome outcome_of(HttpReply reply) {
    sink.reply(std::move(reply));
    return send(a_notification(Kind::down));
  }
  // What there is to see of one notification: the text as it arrived, or as it was printed.
  std::string told(const Notification& notification) {
    if (rig_.is_http()) {
      CHECK(send(notification).what == Outcome::What::sent);
      return rig_.text_of(sink.asked().back());
    }
    const CapturedStdout captured;
    CHECK(send(notification).what == Outcome::What::sent);
    return rig_.told_in == nullptr ? captured.text()
                                   : rig_.told_in(dir_.path().string()).back().text;
  }
  Pace pace() const { return notifier_->pace(); }

  RigSink sink;

 private:
  const Rig& rig_;
  const TempDir dir_;
  std::shared_ptr<const Notifier> notifier_;
  SendDesk desk_;
};

// The rule goes over every rig; over those that are told by HTTP; over those that have threads.
template <typename Rule>
void for_each_rig(Rule rule) {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    RigBench bench(rig);
    rule(rig, bench);
  }
}

template <typename Rule>
void for_each_http(Rule rule) {
  for (const Rig& rig : rigs()) {
    if (!rig.is_http()) continue;
    INFO(rig.type);
    RigBench bench(rig);
    rule(rig, bench);
  }
}

template <typename Rule>
void for_each_threaded(Rule rule) {
  for_each_http([&](const Rig& rig, RigBench& bench) {
    if (rig.thread_of != nullptr) rule(rig, bench);
  });
}

}  // namespace tocsin
