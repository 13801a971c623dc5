// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/one_by_one.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "deliver/attempt.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "net/workers.h"

namespace tocsin {

struct OneByOne::Engine {
  Engine(std::shared_ptr<const Notifier> where, const Clock& clock, SteadyTime not_before)
      : notifier(std::move(where)),
        tools{loop, http, resolver, workers, clock},
        ready_at(not_before) {}
  ~Engine() { loop.end(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void wait_until(SteadyTime then);
  Outcome attempt(const NotificationPtr& notification, Task task, Words* said);
  Outcome patiently(const NotificationPtr& notification, Task task, Words* said);

  Loop loop;
  Resolver resolver{loop};
  HttpClient http{loop, resolver};
  Workers workers{loop};
  std::shared_ptr<const Notifier> notifier;
  AttemptTools tools;
  SteadyTime ready_at;
  Millis took{0};
  Refs refs;
};

void OneByOne::Engine::wait_until(SteadyTime then) {
  asio::steady_timer timer(loop, then - tools.clock.steady());
  bool over = false;
  timer.async_wait([&](const std::error_code&) { over = true; });
  loop.restart();
  while (!over) loop.run_one();
}

// The loop is left as soon as there is an outcome: the resolver may still listen for late answers.
Outcome OneByOne::Engine::attempt(const NotificationPtr& notification, Task task, Words* said) {
  wait_until(ready_at);
  const auto attempt = std::make_shared<Attempt>(notification, notifier, tools, refs, task);
  attempt->delivery.said = said;
  ready_at = attempt->began + notifier->pace().spacing;
  std::optional<Outcome> out;
  start_attempt(attempt, loop, [&](Outcome outcome) { out = std::move(outcome); });
  loop.restart();
  while (!out && loop.run_one() > 0) continue;
  took = std::chrono::duration_cast<Millis>(tools.clock.steady() - attempt->began);
  if (out) return *out;
  Outcome lost;
  lost.reason = "the attempt did not end";
  return lost;
}

Outcome OneByOne::Engine::patiently(const NotificationPtr& notification, Task task, Words* said) {
  Outcome out = attempt(notification, task, said);
  for (int tries = 1; tries < kMostTries; ++tries) {
    const bool asked_to_wait = out.what == Outcome::What::later && out.retry_after;
    if (!asked_to_wait || *out.retry_after > kLongestWait) break;
    ready_at = std::max(ready_at, tools.clock.steady() + *out.retry_after);
    out = attempt(notification, task, said);
  }
  return out;
}

OneByOne::OneByOne(std::shared_ptr<const Notifier> notifier, const Clock& clock,
                   SteadyTime not_before)
    : engine_(std::make_unique<Engine>(std::move(notifier), clock, not_before)) {}

OneByOne::~OneByOne() = default;

Outcome OneByOne::send(const NotificationPtr& notification, Words* said) {
  Outcome out = engine_->patiently(notification, Task::send, said);
  if (out.what != Outcome::What::sent) return out;
  if (!out.thread_ref.empty()) engine_->refs.thread = out.thread_ref;
  if (engine_->refs.root.empty()) engine_->refs.root = out.message_ref;
  return out;
}

bool OneByOne::can_update() const noexcept {
  return engine_->notifier->updates() && !engine_->refs.root.empty();
}

Outcome OneByOne::update(const NotificationPtr& latest) {
  return engine_->patiently(latest, Task::update, nullptr);
}

Millis OneByOne::took() const noexcept {
  return engine_->took;
}

SteadyTime OneByOne::ready_at() const noexcept {
  return engine_->ready_at;
}

const std::string& OneByOne::thread_ref() const noexcept {
  return engine_->refs.thread;
}

}  // namespace tocsin
