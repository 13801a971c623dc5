// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/core.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"
#include "util/calendar.h"

namespace tocsin {

using namespace std::chrono_literals;

inline ScheduledMessagePtr weekly_message(const std::string& name = "tapes",
                                          const std::string& at = "*:0/30") {
  auto out = std::make_shared<ScheduledMessage>();
  out->name = name;
  out->at = at + " (UTC)";
  out->grace = 1h;
  out->notify = {"ops"};
  out->message = {name, "change the tapes", "both of them", {}};
  out->next_after = [calendar = Calendar::parse_systemd(at).calendar.value().each_once()](
                        WallTime moment) { return calendar.next_after(moment, TimeZone::utc()); };
  return out;
}

inline ScheduledMessagePtr disabled_message(const ScheduledMessagePtr& message) {
  auto out = std::make_shared<ScheduledMessage>(*message);
  out->enabled = false;
  return out;
}

inline std::shared_ptr<const Config> messages_config(std::vector<ScheduledMessagePtr> scheduled,
                                                     const std::vector<std::string>& notifiers = {
                                                         "ops"}) {
  auto config = std::make_shared<Config>();
  config->instance = "mon-1";
  for (const std::string& name : notifiers) {
    config->notifiers.push_back({.name = name, .type = "x", .fallback = {}, .notifier = nullptr});
  }
  config->scheduled_messages = std::move(scheduled);
  return config;
}

struct MessageRig {
  MessageRig() { set_clock("09:10"); }

  // Minutes after midnight of a day on which nothing else happens.
  void set_clock(const std::string& time) {
    const auto minutes = std::stoi(time.substr(0, 2)) * 60 + std::stoi(time.substr(3));
    const WallTime wall{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + minutes * 1min};
    clock.step_wall(wall - clock.wall());
  }
  void start(const std::shared_ptr<const Config>& with, Saved saved = {}) {
    config = with;
    CorePorts ports{.store = store,
                    .clock = clock,
                    .notification_ids = ids,
                    .probe = [](std::vector<DueProbe>) {},
                    .forget = [](std::uint32_t) {},
                    .tell =
                        [this](std::vector<NotificationPtr> batch) {
                          told.insert(told.end(), batch.begin(), batch.end());
                        },
                    .notifier_views = [] { return std::vector<NotifierView>{}; },
                    .heartbeats = board};
    core = std::make_unique<Core>(std::move(ports), config, std::move(saved));
  }
  // The daemon ends, and another begins from what was stored, `away` later.
  void restart(Millis away = 1s) {
    core.reset();
    clock.advance(away);
    start(config, store.saved());
    turn();
  }
  void turn(Millis after = 1s) {
    clock.advance(after);
    core->tick();
  }
  std::optional<PostAnswer> post(PostedMessage posted) {
    // The answer may come long after this.
    const auto answer = std::make_shared<std::optional<PostAnswer>>();
    core->post_message(posted, [answer](PostAnswer became) { *answer = std::move(became); });
    return *answer;
  }
  PostAnswer must(PostedMessage posted) { return post(std::move(posted)).value(); }

  FakeClock clock;
  MemoryStore store;
  std::atomic<std::int64_t> ids{0};
  HeartbeatBoard board;
  std::vector<NotificationPtr> told;
  std::shared_ptr<const Config> config;
  std::unique_ptr<Core> core;
};

}  // namespace tocsin
