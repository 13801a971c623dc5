// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/one_by_one.h"

#include <catch2/catch.hpp>
#include <deque>

#include "deliver/fake_notifier.h"
#include "deliver/messages.h"
#include "util/system_clock.h"

namespace tocsin {
namespace {

using Does = FakeNotifier::Does;
using What = Outcome::What;

// Answers as it was told to, in order; then takes.
class Answering final : public Notifier {
 public:
  explicit Answering(std::deque<Outcome> answers) : answers_(std::move(answers)) {}

  asio::awaitable<Outcome> send(const Delivery&) const override {
    ++asked;
    Outcome out;
    out.what = What::sent;
    if (!answers_.empty()) {
      out = answers_.front();
      answers_.pop_front();
    }
    co_return out;
  }
  Pace pace() const override { return {"answering"}; }
  std::string sink() const override { return "answering"; }

  mutable int asked = 0;

 private:
  mutable std::deque<Outcome> answers_;
};

Outcome wait_for(Millis time) {
  Outcome out;
  out.reason = "too many requests";
  out.retry_after = time;
  return out;
}

NotificationPtr a_down(std::int64_t id = 7) {
  return tell({.id = id, .kind = Kind::down});
}

const SystemClock kClock;

}  // namespace

TEST_CASE("one by one: makes one attempt and tells what came of it", "[deliver]") {
  const auto sink = std::make_shared<FakeNotifier>("x");
  OneByOne sender(sink, kClock, {});
  SECTION("taken") {
    const Outcome outcome = sender.send(a_down(), nullptr);
    CHECK(outcome.what == What::sent);
    CHECK(sender.thread_ref() == "threads/1");
  }
  SECTION("rejected") {
    sink->then(Does::reject);
    const Outcome outcome = sender.send(a_down(), nullptr);
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason == "404 Not Found");
    CHECK(sender.thread_ref().empty());
  }
  SECTION("put off, without a word how long") {
    sink->then(Does::put_off);
    CHECK(sender.send(a_down(), nullptr).what == What::later);
  }
  SECTION("a bug in the notifier") {
    sink->then(Does::throw_up);
    const Outcome outcome = sender.send(a_down(), nullptr);
    CHECK(outcome.what == What::later);
    CHECK(outcome.reason.find("token") == std::string::npos);
  }
  CHECK(sink->seen().size() == 1);
}

TEST_CASE("one by one: thread and first message are carried on", "[deliver]") {
  const auto sink = std::make_shared<FakeNotifier>(Pace{"x", Millis{0}, false, true}, true);
  OneByOne sender(sink, kClock, {});
  CHECK_FALSE(sender.can_update());
  sink->then(Does::reject);
  sender.send(a_down(1), nullptr);
  CHECK_FALSE(sender.can_update());
  sender.send(a_down(2), nullptr);
  sender.send(a_down(3), nullptr);
  const auto seen = sink->seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].thread_ref.empty());
  CHECK(seen[1].root_ref.empty());
  CHECK(seen[2].thread_ref == "threads/1");
  CHECK(seen[2].root_ref == "messages/2");
  REQUIRE(sender.can_update());
  CHECK(sender.update(a_down(3)).what == What::sent);
  REQUIRE(sink->updated().size() == 1);
  CHECK(sink->updated()[0].root_ref == "messages/2");
}

TEST_CASE("one by one: a sink whose messages cannot be changed is not asked to", "[deliver]") {
  const auto sink = std::make_shared<FakeNotifier>("x", Millis{0});
  OneByOne sender(sink, kClock, {});
  CHECK(sender.send(a_down(), nullptr).what == What::sent);
  CHECK_FALSE(sender.can_update());
}

TEST_CASE("one by one: the pace is kept, from one to the next and from before", "[deliver]") {
  const auto sink = std::make_shared<FakeNotifier>("x", Millis{200});
  const SteadyTime began = kClock.steady();
  OneByOne sender(sink, kClock, began + Millis{150});
  sender.send(a_down(1), nullptr);
  sender.send(a_down(2), nullptr);
  const auto seen = sink->seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].at >= began + Millis{150});
  CHECK(seen[1].at - seen[0].at >= Millis{190});  // it is noted a moment after it began
  CHECK(sender.ready_at() >= seen[1].at);
  // The waiting does not count.
  CHECK(sender.took() <= kClock.steady() - (began + Millis{350}));
}

TEST_CASE("one by one: a sink that asks to wait a moment is given it", "[deliver]") {
  const SteadyTime began = kClock.steady();
  SECTION("twice") {
    const auto sink =
        std::make_shared<Answering>(std::deque{wait_for(Millis{50}), wait_for(Millis{50})});
    OneByOne sender(sink, kClock, {});
    CHECK(sender.send(a_down(), nullptr).what == What::sent);
    CHECK(sink->asked == 3);
    CHECK(kClock.steady() - began >= Millis{100});
  }
  SECTION("not for ever") {
    const auto sink = std::make_shared<Answering>(std::deque(9, wait_for(Millis{1})));
    OneByOne sender(sink, kClock, {});
    CHECK(sender.send(a_down(), nullptr).reason == "too many requests");
    CHECK(sink->asked == OneByOne::kMostTries);
  }
  SECTION("not an hour") {
    const auto sink = std::make_shared<Answering>(std::deque{wait_for(std::chrono::hours{1})});
    OneByOne sender(sink, kClock, {});
    CHECK(sender.send(a_down(), nullptr).what == What::later);
    CHECK(sink->asked == 1);
  }
}

}  // namespace tocsin
