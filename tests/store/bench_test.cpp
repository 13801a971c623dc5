// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Not run by itself: `test_store "[bench]"` prints what the store does in a second.
#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "store/house.h"

namespace tocsin {
namespace {

Change state_change(std::int64_t n) {
  return {.checks = {check_record("check-" + std::to_string(n % 1000))},
          .incidents = {incident_record(n)},
          .notifications = {notification(n)}};
}

// Of the whole process: what counts on a machine that others use too.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

TEST_CASE("store: durable state changes a second", "[.][bench]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  std::int64_t n = 0;
  const int single = 2000;
  const double waited = seconds_of([&] {
    for (int i = 0; i < single; ++i) REQUIRE(commit_and_wait(*store, state_change(++n)));
  });
  const int grouped = 50'000;
  const double cpu_before = cpu_seconds();
  const double queued = seconds_of([&] {
    for (int i = 0; i < grouped; ++i) store->commit(state_change(++n), {});
    store->flush();
  });
  const double cpu = cpu_seconds() - cpu_before;
  Change all;
  for (int i = 0; i < 10'000; ++i) all.checks.push_back(check_record("c" + std::to_string(i)));
  const double start = seconds_of([&] { REQUIRE(commit_and_wait(*store, std::move(all))); });
  std::cout << "one by one: " << single / waited << " changes/s, " << waited / single * 1e6
            << " us each\nqueued: " << grouped / queued << " changes/s of three rows, "
            << queued / grouped * 1e6 << " us each, " << cpu / grouped * 1e6
            << " us of CPU\n10,000 checks: " << start * 1e3 << " ms\n";
}

}  // namespace tocsin
