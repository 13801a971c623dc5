// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A sink that forgets by itself is told again what is open.
#include <catch2/catch.hpp>

#include "deliver/sender_bench.h"
#include "util/log.h"

using namespace tocsin;
using Does = FakeNotifier::Does;
using Ids = std::vector<std::int64_t>;

namespace {

constexpr Millis kEvery{10'000};

// The notifier "ops" of the next start or reload.
std::shared_ptr<FakeNotifier> forgetful(SenderBench& bench, const std::string& key = "ops") {
  auto made = std::make_shared<FakeNotifier>(Pace{key, Millis{0}, true, false}, false);
  made->forgets_after(kEvery);
  bench.add("ops", made);
  return made;
}

// DOWN of two checks, told.
std::shared_ptr<FakeNotifier> two_open(SenderBench& bench) {
  set_log("error", "text");
  const auto ops = forgetful(bench);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  for (int i = 0; i < 3; ++i) bench.pass(Millis{0});
  REQUIRE(ids(ops->seen()) == Ids{1, 2});
  return ops;
}

}  // namespace

TEST_CASE("renew: what is open is told again every so often, until it ends", "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  CHECK(ops->renewed().empty());
  bench.pass(kEvery - Millis{1});
  CHECK(ops->renewed().empty());
  bench.pass(Millis{1});
  REQUIRE(ids(ops->renewed()) == Ids{1, 2});
  CHECK(ops->renewed()[0].root_ref == "messages/1");
  CHECK_FALSE(ops->renewed()[0].late);
  bench.tell({{.id = 3, .kind = Kind::up}});
  for (int i = 0; i < 3; ++i) bench.pass(kEvery);
  CHECK(ids(ops->renewed()) == Ids{1, 2, 2, 2, 2});
  CHECK_FALSE(ops->renewed().back().late);
  bench.tell({{.id = 4, .kind = Kind::unwatched, .check = "b", .incident = 2}});
  bench.pass_minutes(1);
  CHECK(ops->renewed().size() == 5);
  CHECK(bench.status(1) == DeliveryStatus::sent);
  CHECK(bench.delivery(1).attempts == 1);
}

TEST_CASE("renew: the latest message of an incident stands for those before it", "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  bench.pass(kEvery / 2);
  bench.tell({{.id = 3, .kind = Kind::acknowledged}});
  bench.settle();
  bench.pass(kEvery / 2);
  CHECK(ids(ops->renewed()) == Ids{2});
  bench.pass(kEvery / 2);
  CHECK(ids(ops->renewed()) == Ids{2, 3});
}

TEST_CASE("renew: it gives way to messages", "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  ops->then(Does::put_off);
  bench.tell({{.id = 3, .kind = Kind::up}});
  bench.settle();
  REQUIRE(ids(ops->seen()) == Ids{1, 2, 3});
  bench.pass_minutes(2);
  CHECK(ids(ops->seen()) == Ids{1, 2, 3, 3});
  for (const Seen& seen : ops->renewed()) CHECK(seen.id == 2);
}

TEST_CASE("renew: one that fails is made again at its next time, and puts nothing off",
          "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  ops->then(Does::put_off);
  ops->then(Does::reject);
  bench.pass(kEvery);
  CHECK(ids(ops->renewed()) == Ids{1, 2});
  bench.tell({{.id = 3, .check = "c", .incident = 3}});
  bench.settle();
  CHECK(ids(ops->seen()) == Ids{1, 2, 3});
  bench.pass(kEvery);
  CHECK(ids(ops->renewed()) == Ids{1, 2, 1, 2, 3});
}

TEST_CASE("renew: an end that the sink rejects ends the renewals too", "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  ops->then(Does::reject);
  bench.tell({{.id = 3, .kind = Kind::up}});
  bench.settle();
  REQUIRE(bench.status(3) == DeliveryStatus::dead);
  bench.pass(kEvery);
  CHECK(ids(ops->renewed()) == Ids{2});
}

TEST_CASE("renew: after a restart what is open is told again at once", "[deliver]") {
  SenderBench bench;
  two_open(bench);
  bench.tell({{.id = 3, .kind = Kind::up}});
  bench.settle();
  const auto anew = forgetful(bench);
  bench.restart(bench.store.saved());
  CHECK(ids(anew->renewed()) == Ids{2});
  bench.pass(kEvery);
  CHECK(ids(anew->renewed()) == Ids{2, 2});
}

TEST_CASE("renew: an end that waits at a restart is told before anything is renewed", "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  ops->from_now_on(Does::put_off);
  bench.tell({{.id = 3, .kind = Kind::up}});
  bench.settle();
  const auto anew = forgetful(bench);
  bench.restart(bench.store.saved());
  bench.pass_minutes(1);
  CHECK(ids(anew->seen()) == Ids{3});
  for (const Seen& seen : anew->renewed()) CHECK(seen.id == 2);
  CHECK_FALSE(anew->renewed().empty());
}

TEST_CASE("renew: a notifier that was sent elsewhere tells there what is open", "[deliver]") {
  SenderBench bench;
  const auto ops = two_open(bench);
  const auto other = forgetful(bench, "elsewhere");
  bench.sender->reconfigure(bench.config());
  bench.settle();
  CHECK(ids(other->renewed()) == Ids{1, 2});
  bench.pass(kEvery);
  CHECK(other->renewed().size() == 4);
  CHECK(ops->renewed().empty());
}
