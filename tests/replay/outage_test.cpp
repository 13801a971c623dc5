// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The library of outages: what happens, and the ideal list of messages for it, to the second. A
// check's looks lie on a grid of its own (a hash of its name), so that the seconds are its own too:
// with the timing that is built in, DOWN comes 10 s after the first bad look (two looks more, 5 s
// apart), and UP 5 s after the first good one. Looks take 20 ms.
#include <catch2/catch.hpp>

#include "replay/outage.h"

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("replay: one server dies: DOWN and UP, and nothing of the others", "[replay]") {
  Outage outage;
  for (int i = 1; i <= 9; ++i) outage.add("web-0" + std::to_string(i));
  outage.down("web-03", 10min, 20min);
  outage.run_until(2h);
  CHECK(outage.told() == Lines{});
}
