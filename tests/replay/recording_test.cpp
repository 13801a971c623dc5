// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Results from a file, wishes from a command line, and what is printed.
#include "replay/recording.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "replay/outage.h"
#include "replay/override.h"
#include "replay/report.h"
#include "support/temp_dir.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

std::string mistake_in(const std::string& line) {
  return Recording().add_line(line);
}

std::string result(const std::string& at, const std::string& verdict) {
  return R"({"at": ")" + at + R"(", "check": "a", "verdict": ")" + verdict + R"(", "reason": ")" +
         verdict + R"( it is"})";
}

std::string seen(const Recording& recording, const std::string& at) {
  const Sight sight = recording.at("a", *parse_rfc3339(at));
  return std::string(to_string(sight.verdict)) + ": " + sight.reason;
}

}  // namespace

TEST_CASE("recording: between two results the earlier one stands, and the last for ever",
          "[replay]") {
  Recording recording;
  CHECK(recording.add_line(result("2026-11-20T12:00:00Z", "down")).empty());
  CHECK(recording.add_line(result("2026-11-20T12:00:00+01:00", "degraded")).empty());
  CHECK(recording.add_line(result("2026-11-20T13:00:00Z", "up")).empty());
  CHECK(recording.add_line(" # a remark").empty());
  CHECK(recording.add_line("").empty());
  recording.finish();
  CHECK(seen(recording, "2026-11-20T10:59:59Z") == "up: ");
  CHECK(seen(recording, "2026-11-20T11:00:00Z") == "degraded: degraded it is");
  CHECK(seen(recording, "2026-11-20T11:59:59Z") == "degraded: degraded it is");
  CHECK(seen(recording, "2026-11-20T12:00:00Z") == "down: down it is");
  CHECK(seen(recording, "2027-11-20T12:00:00Z") == "up: up it is");
  CHECK(recording.at("b", *parse_rfc3339("2026-11-20T12:00:00Z")).verdict == Verdict::up);
  CHECK(recording.size() == 3);
  CHECK(rfc3339(recording.first()) == "2026-11-20T11:00:00.000Z");
  CHECK(rfc3339(recording.last()) == "2026-11-20T13:00:00.000Z");
}

TEST_CASE("recording: what is wrong with a line is said", "[replay]") {
  CHECK(mistake_in("[]") == "this is no JSON object: \"[]\"");
  CHECK(mistake_in(R"({"at": )") == R"(this is no JSON object: "{"at":")");
  CHECK(mistake_in(R"({"chek": "a"})") == R"(unknown key "chek"; did you mean "check"?)");
  const std::string time = R"("at" has to be a time as RFC 3339 has it, "2026-11-20T02:31:05Z")";
  CHECK(mistake_in(R"({"check": "a"})") == time);
  CHECK(mistake_in(R"({"at": "yesterday"})") == time + R"(; got "yesterday")");
  const std::string begin = R"({"at": "2026-11-20T02:31:05Z")";
  CHECK(mistake_in(begin + "}") == R"("check" has to be a check's name)");
  CHECK(mistake_in(begin + R"(, "check": ""})") == R"("check" has to be a check's name)");
  const std::string verdict = R"("verdict" has to be up, degraded, down or unknown)";
  CHECK(mistake_in(begin + R"(, "check": "a"})") == verdict);
  CHECK(mistake_in(begin + R"(, "check": "a", "verdict": "dead"})") == verdict + R"(; got "dead")");
  const std::string down = begin + R"(, "check": "a", "verdict": "down")";
  CHECK(mistake_in(down + R"(, "reason": 5})") == R"("reason" has to be a text)");
  for (const char* took : {"-1", "1800001", "true", "\"5\"", "null"}) {
    CAPTURE(took);
    CHECK(mistake_in(down + R"(, "took_ms": )" + took + "}") ==
          R"("took_ms" has to be a number of milliseconds from 0 to 1800000)");
  }
  CHECK(mistake_in(down + R"(, "took_ms": 12.5})").empty());
  CHECK(mistake_in(std::string(70'000, ' ') + "x" + std::string(70'000, 'x')) ==
        "this line is longer than 64 KiB");
}

TEST_CASE("recording: a file's mistakes come with their lines", "[replay]") {
  const TempDir dir;
  const auto file = dir.path() / "r.jsonl";
  const std::string at = file.string();
  std::ofstream(file) << result("2026-11-20T12:00:00Z", "up") << "\n\nfoo\n[]\n";
  CHECK(read_recording(file).mistakes == Lines{at + ":3: error: this is no JSON object: \"foo\"",
                                               at + ":4: error: this is no JSON object: \"[]\""});
  std::ofstream(file) << "# nothing\n";
  CHECK(read_recording(file).mistakes == Lines{at + ": error: there are no results in it"});
  {
    std::ofstream many(file);
    for (int i = 0; i < 25; ++i) many << "x\n";
  }
  REQUIRE(read_recording(file).mistakes.size() == 21);
  CHECK(read_recording(file).mistakes.back() == at + ": error: and 5 more lines like these");
  CHECK(read_recording(dir.path()).mistakes ==
        Lines{dir.path().string() + ": error: cannot be read: it is a folder"});
  CHECK(read_recording(dir.path() / "no").mistakes ==
        Lines{(dir.path() / "no").string() + ": error: cannot be read: No such file or directory"});
}

TEST_CASE("replay: a key is set for all checks", "[replay]") {
  Outage outage;
  const CheckPtr before = outage.add("a");
  Config& config = outage.config();
  CHECK(set_for_all("down_after=5", config).empty());
  CHECK(set_for_all("up_after=1", config).empty());
  CHECK(set_for_all("interval=3s", config).empty());
  CHECK(set_for_all("remind_every=1h", config).empty());
  CHECK(set_for_all("flapping=0", config).empty());
  CHECK(set_for_all("storm_threshold=50", config).empty());
  const Timing& timing = config.checks[0]->timing;
  CHECK(timing.down_after == 5);
  CHECK(timing.up_after == 1);
  CHECK(timing.interval == 3s);
  CHECK(timing.retry_interval == 3s);  // 5 s, but it may not be longer than the interval
  CHECK(timing.timeout == 3s);
  CHECK(timing.remind_every == 1h);
  CHECK(timing.flap_window == 0ms);
  CHECK(config.storm_threshold == 50);
  CHECK(before->timing.down_after == 3);  // a check is shared, and never changed
}

TEST_CASE("replay: what is wrong with a wish is said, and nothing is set", "[replay]") {
  Outage outage;
  outage.add("a");
  const auto mistake = [&](const std::string& wish) { return set_for_all(wish, outage.config()); };
  CHECK(mistake("down_after") == "--set takes KEY=VALUE, as down_after=5; got \"down_after\"");
  CHECK(mistake("down_aftr=5") == "--set knows no key \"down_aftr\"; did you mean \"down_after\"?");
  CHECK(mistake("zzzzzzzzzzzzzz=5") ==
        "--set knows no key \"zzzzzzzzzzzzzz\", but down_after, flapping, interval, remind_every, "
        "retry_interval, storm_threshold, timeout, up_after");
  CHECK(mistake("down_after=0") == "--set down_after takes a number from 1 to 1000; got \"0\"");
  CHECK(mistake("up_after=5x") == "--set up_after takes a number from 1 to 1000; got \"5x\"");
  CHECK(mistake("interval=1ms") ==
        "--set interval takes a time such as 30s, 5m or 1h from 100ms; got \"1ms\"");
  CHECK(mistake("flapping=no") == "--set flapping takes a time such as 30s, 5m or 1h; got \"no\"");
  CHECK(mistake("storm_threshold=0") ==
        "--set storm_threshold takes a number from 1 to 1000000; got \"0\"");
  CHECK(outage.config().checks[0]->timing.down_after == 3);
}

TEST_CASE("replay: what was told is a line each, and a summary", "[replay]") {
  Outage outage;
  outage.add("web-01")->notify = std::make_shared<const Lines>(Lines{"ops", "pager"});
  outage.add("web-02", {"web-01"});
  outage.down("web-01", 2h, 1h);  // at night
  outage.down("web-02", 2h, 1h);
  outage.down("web-02", 12h, 1h);
  outage.run_until(24h);
  REQUIRE(outage.simulation().told().size() == 6);
  CHECK(told_line(outage.simulation().told()[0]) ==
        "2026-01-02 02:00:18 UTC [ops] web-01: 🔴 DOWN web-01 — connection refused");
  CHECK(summary(outage.simulation(), outage.config(), TimeZone::utc()) ==
        Lines{"6 messages, 3 pages among them, 2 at night (22:00 to 07:00, UTC)",
              "  [ops] 4 messages, 2 pages among them, 1 at night",
              "  [pager] 2 messages, 1 page among them, 1 at night",
              "2 pieces of news were not told, or not at once", "  parent_down: 1", "  over: 1"});
  // Two o'clock in the night here is eleven in the day there.
  CHECK(summary(outage.simulation(), outage.config(), *TimeZone::find("Asia/Tokyo"))[0] ==
        "6 messages, 3 pages among them, 0 at night (22:00 to 07:00, Asia/Tokyo)");
}
