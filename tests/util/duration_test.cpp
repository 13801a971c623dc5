// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/duration.h"

#include <catch2/catch.hpp>

using namespace tocsin;

TEST_CASE("duration: what the configuration may write", "[util]") {
  CHECK(parse_duration("500ms") == Millis{500});
  CHECK(parse_duration("30s") == Millis{30'000});
  CHECK(parse_duration("5m") == Millis{300'000});
  CHECK(parse_duration("2h") == Millis{7'200'000});
  CHECK(parse_duration("1d") == Millis{86'400'000});
  CHECK(parse_duration("0") == Millis{0});
}

TEST_CASE("duration: all else is refused", "[util]") {
  for (const char* bad : {"", "s", "5", "-1s", "1.5s", "5 s", "5S", "1w", "99999999999999999999s",
                          "9999999999d", "1s2"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("duration: written in the largest exact unit", "[util]") {
  CHECK(write_duration(Millis{90'000}) == "90s");
  CHECK(write_duration(Millis{300'000}) == "5m");
  CHECK(write_duration(Millis{1500}) == "1500ms");
  CHECK(write_duration(Millis{0}) == "0");
}

TEST_CASE("duration: for people", "[util]") {
  CHECK(human_duration(Millis{350}) == "350 ms");
  CHECK(human_duration(Millis{42'900}) == "42 s");
  CHECK(human_duration(Millis{125'000}) == "2 min 5 s");
  CHECK(human_duration(Millis{12 * 60'000 + 5000}) == "12 min");
  CHECK(human_duration(Millis{12'000'000}) == "3 h 20 min");
  CHECK(human_duration(Millis{187'200'000}) == "2 d 4 h");
}

TEST_CASE("time: RFC 3339 in UTC with milliseconds", "[util]") {
  CHECK(rfc3339(WallTime{Millis{1'767'323'045'678}}) == "2026-01-02T03:04:05.678Z");
  CHECK(human_time(WallTime{Millis{1'767'323'045'678}}) == "2026-01-02 03:04:05 UTC");
}

TEST_CASE("size: units and bare bytes", "[util]") {
  CHECK(parse_size("64KiB") == 65'536U);
  CHECK(parse_size("1MiB") == 1'048'576U);
  CHECK(parse_size("2MB") == 2'000'000U);
  CHECK(parse_size("3TB") == 3'000'000'000'000U);
  CHECK(parse_size("2TiB") == 2'199'023'255'552U);
  CHECK(parse_size("17") == 17U);
  CHECK_FALSE(parse_size("1 MiB"));
  CHECK_FALSE(parse_size("-1"));
  CHECK_FALSE(parse_size("99999999999GiB"));
}
