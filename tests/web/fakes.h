// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tocsin/snapshot.h"
#include "web/fake_store.h"
#include "web/router.h"

namespace tocsin {

inline constexpr WallTime kNoon{std::chrono::milliseconds{1'795'262'400'250}};  // 2026-11-21T12:00

// Everything that means something to HTML, JSON or the metrics format, and what is not UTF-8.
inline const std::string kHostile =
    "<script>alert(1)</script>\"'&\\\n} x{a=\"b\"} 1\n\x01\xFF\xE2\x80";

// A check as a snapshot shows it; change what the test is about before it is put in.
struct MadeCheck {
  explicit MadeCheck(std::string name, State state = State::up) {
    check->name = std::move(name);
    check->type = "http";
    check->target = "https://shop.example/";
    check->notify = std::make_shared<const std::vector<std::string>>(1, "ops");
    view->state = state;
    view->since = kNoon - std::chrono::hours{2};
    view->last_probe_at = kNoon;
    view->response_time = Micros{12'345};
    view->phases.set(Phase::connect, Micros{300});
    view->phases.set(Phase::first_byte, Micros{12'000});
  }
  operator std::shared_ptr<const CheckView>() const {
    view->check = check;
    return view;
  }
  std::shared_ptr<Check> check = std::make_shared<Check>();
  std::shared_ptr<CheckView> view = std::make_shared<CheckView>();
};

inline std::shared_ptr<Snapshot> made_snapshot(
    std::vector<std::shared_ptr<const CheckView>> checks) {
  auto out = std::make_shared<Snapshot>();
  out->at = kNoon;
  out->started_at = kNoon - std::chrono::hours{24};
  out->last_reload_at = out->started_at;
  out->instance = "mon-1";
  out->checks = std::move(checks);
  std::sort(out->checks.begin(), out->checks.end(),
            [](const auto& a, const auto& b) { return a->check->name < b->check->name; });
  return out;
}

// As many checks as a big site has, with texts of the usual length.
inline std::shared_ptr<Snapshot> many_checks(int count) {
  std::vector<std::shared_ptr<const CheckView>> checks;
  for (int i = 0; i < count; ++i) {
    std::string name = std::to_string(i);
    name = "rack-" + std::string(5 - name.size(), '0') + name + "/http";
    MadeCheck made(std::move(name), i % 100 == 0 ? State::down : State::up);
    made.view->reason = i % 100 == 0 ? "connection refused (127.0.0.1:8080)" : "";
    made.view->address = "192.0.2.17:443";
    made.view->phases.set(Phase::tls, Micros{4'321});
    made.view->certificate_days = 30;
    checks.push_back(made);
  }
  return made_snapshot(std::move(checks));
}

class FakeControl final : public Control {
 public:
  std::shared_ptr<const Snapshot> snapshot() override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  std::string health() override {
    const std::lock_guard lock(mutex_);
    return health_;
  }
  HeartbeatFate note_heartbeat(const std::string& check, Heartbeat heartbeat) override {
    const std::lock_guard lock(mutex_);
    heartbeats_.emplace_back(check, std::move(heartbeat));
    return fate_;
  }
  PostAnswer post_message(PostedMessage message) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(message));
    return answer_;
  }
  SilenceAnswer silence(SilenceWish wish) override {
    const std::lock_guard lock(mutex_);
    wishes_.push_back(std::move(wish));
    return silence_answer_;
  }
  SilenceAnswer end_silence(std::int64_t id) override {
    const std::lock_guard lock(mutex_);
    ended_.push_back(id);
    return silence_answer_;
  }
  std::vector<SilenceWish> wishes() {
    const std::lock_guard lock(mutex_);
    return wishes_;
  }
  std::vector<std::int64_t> ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  void set_silence_answer(SilenceAnswer answer) {
    const std::lock_guard lock(mutex_);
    silence_answer_ = std::move(answer);
  }
  AckFate acknowledge(const std::string& check, std::optional<AckWish> wish) override {
    const std::lock_guard lock(mutex_);
    acknowledged_.emplace_back(check, std::move(wish));
    return ack_fate_;
  }
  std::vector<std::pair<std::string, std::optional<AckWish>>> acknowledged() {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  void set_ack_fate(AckFate fate) {
    const std::lock_guard lock(mutex_);
    ack_fate_ = fate;
  }
  std::vector<PostedMessage> posted() {
    const std::lock_guard lock(mutex_);
    return posted_;
  }
  void set_answer(PostAnswer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  // What was noted so far.
  std::vector<std::pair<std::string, Heartbeat>> heartbeats() {
    const std::lock_guard lock(mutex_);
    return heartbeats_;
  }
  void set_fate(HeartbeatFate fate) {
    const std::lock_guard lock(mutex_);
    fate_ = fate;
  }
  void set(std::shared_ptr<const Snapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
  }
  void set_health(std::string health) {
    const std::lock_guard lock(mutex_);
    health_ = std::move(health);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ = made_snapshot({});
  std::string health_;
  std::vector<std::pair<std::string, Heartbeat>> heartbeats_;
  HeartbeatFate fate_ = HeartbeatFate::durable;
  std::vector<std::pair<std::string, std::optional<AckWish>>> acknowledged_;
  AckFate ack_fate_ = AckFate::durable;
  std::vector<SilenceWish> wishes_;
  std::vector<std::int64_t> ended_;
  SilenceAnswer silence_answer_;
  std::vector<PostedMessage> posted_;
  PostAnswer answer_;
};

// The router over fakes, as a daemon on 127.0.0.1:8480 without tokens has it unless told otherwise.
struct FakeSite {
  FakeControl control;
  FakeStore store;
  HeartbeatDoor heartbeats;
  GuardSettings guard{GuardSettings::Where::loopback, "127.0.0.1", 8480, {}, {}};

  Response ask(Request request, std::span<const Route> routes);
  // With the daemon's own table.
  Response ask(Request request);
  Response get(std::string target);
};

// A request as a well-behaved client of 127.0.0.1:8480 sends it.
inline Request made_request(std::string target, std::string method = "GET") {
  Request out;
  out.method = std::move(method);
  out.target = std::move(target);
  out.headers = {{"host", "127.0.0.1:8480"}};
  return out;
}

std::string header_of(const Response& response, std::string_view name);

}  // namespace tocsin
