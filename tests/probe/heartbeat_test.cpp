// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"
#include "probe/probe_tools.h"
#include "support/child.h"
#include "support/fake_clock.h"
#include "util/time_zone.h"

namespace tocsin {
namespace {

constexpr const char* kSecret = "secret: 8f14e45fceea167a5a36dedd4bea2543";

std::string with(const std::string& keys) {
  return "heartbeat: {" + std::string(kSecret) + ", " + keys + "}";
}

// A whole file, in which `checks` are the lines below "checks:".
Loaded load_file(const std::string& head, const std::string& checks, bool resolve = true) {
  const TempDir dir;
  const auto file = dir.write("tocsin.yaml", head +
                                                 "\nnotifiers: [{name: terminal, console: {}}]\n"
                                                 "checks:\n" +
                                                 checks);
  LoadOptions options;
  options.resolve_secrets = resolve;
  return load_config(file, check_types(), notifier_types(), options);
}

std::string messages(const Loaded& loaded) {
  std::string out;
  for (const Problem& problem : loaded.problems) {
    out += std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
           problem.message + "\n";
  }
  return out;
}

asio::awaitable<void> run(std::shared_ptr<const Prober> prober, ProbeContext& context,
                          std::optional<Result>& into) {
  into = co_await prober->probe(context);
}

}  // namespace

TEST_CASE("heartbeat: what is on the board is judged, by the check's number", "[probe]") {
  const CheckPtr check = make_check(with("every: 1h, grace: 5m"));
  FakeClock clock;
  HeartbeatBoard board;
  HeartbeatRecord record;
  record.known_since = record.listening_since = clock.wall();
  record.failed = true;
  record.exit_code = 7;
  record.run_time = Millis{1500};
  board.set(3, std::make_shared<const HeartbeatRecord>(record));
  const auto look = [&](std::uint32_t number) {
    ProbeTools tools([](std::uint32_t) {});
    ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{10});
    context.check = number;
    context.heartbeats = &board;
    context.explain = true;
    std::optional<Result> result;
    asio::co_spawn(tools.loop(), run(check->prober, context, result), asio::detached);
    while (!result) tools.loop().run_one();
    return *result;
  };
  const Result failed = look(3);
  CHECK(failed.verdict == Verdict::down);
  CHECK(failed.reason == "the job failed with exit code 7");
  REQUIRE(failed.metrics.size() == 1);
  CHECK(failed.metrics[0].name == "run_time");
  CHECK(failed.metrics[0].value == 1.5);
  CHECK(failed.metrics[0].unit == "s");
  CHECK(failed.notes.front() == "expected: every 1h, grace 5m");
  CHECK(look(4).verdict == Verdict::unknown);
  board.set(3, nullptr);
  CHECK(look(3).verdict == Verdict::unknown);
}

TEST_CASE("heartbeat: without the daemon nothing is known, and that is said", "[probe]") {
  const Result result = probe(with("every: 1h"));
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason ==
        "only the running daemon hears heartbeats: see its page, or /api/v1/checks");
}

TEST_CASE("heartbeat: people are shown what is expected", "[probe]") {
  CHECK(make_check(with("every: 1h"))->target == "every 1h, grace 5m");
  CHECK(make_check(with("every: 90s, grace: 0, longest: 2h"))->target ==
        "every 90s, grace 0, longest 2h");
  CHECK(make_check(with("schedule: '*/15 2 * * *', time_zone: Europe/Berlin, grace: 1m"))->target ==
        "at */15 2 * * * (Europe/Berlin), grace 1m");
  const std::string target = make_check(with("calendar: Mon..Fri 08:00"))->target;
  CHECK(target == "at Mon..Fri 08:00 (" + TimeZone::local().name() + "), grace 5m");
}

TEST_CASE("heartbeat: each wrong key says what to do", "[probe]") {
  CHECK(problems_of("heartbeat: {every: 1h}") ==
        "error: 'secret' is missing: what jobs send to be known, such as 32 characters from "
        "\"openssl rand -hex 16\"\n");
  CHECK(problems_of("heartbeat: {every: 1h, secret: short}") ==
        "error: a secret of 16 to 200 characters expected, so that nobody guesses it; \"openssl "
        "rand -hex 16\" makes one\n");
  CHECK(problems_of("heartbeat: {every: 1h, secret: ''}").find("16 to 200") != std::string::npos);
  CHECK(problems_of("heartbeat: {every: 1h, secret: " + std::string(201, 'a') + "}")
            .find("16 to 200") != std::string::npos);
  CHECK(problems_of("heartbeat: {every: 1h, secret: 'a secret with blanks'}") ==
        "error: letters, digits and . _ ~ - only, since it stands in a URL\n");
  const std::string one_of =
      "error: one of 'every' (1h), 'schedule' (a cron line) and 'calendar' (as systemd has it) "
      "expected: when the job is to tell\n";
  CHECK(problems_of("heartbeat: {" + std::string(kSecret) + "}") == one_of);
  CHECK(problems_of(with("every: 1h, schedule: '@daily'")) == one_of);
  CHECK(problems_of(with("schedule: '* * * *'")) ==
        "error: five fields expected: minute, hour, day of the month, month, day of the week\n");
  CHECK(problems_of(with("calendar: never")).find("\"never\" is no day of the week") !=
        std::string::npos);
  CHECK(problems_of(with("calendar: 2020-01-01")) ==
        "error: none of these times is still to come\n");
  CHECK(problems_of(with("every: 1h, time_zone: Europe/Berlin")) ==
        "error: it needs 'schedule' or 'calendar'\n");
  CHECK(problems_of(with("schedule: '@daily', time_zone: Europe/Berln")) ==
        "error: no time zone is called \"Europe/Berln\"; one is called Europe/Berlin\n");
  CHECK(problems_of(with("every: 10ms")).find("must be") != std::string::npos);
  CHECK(problems_of(with("every: 1h, longest: 0")).find("must be") != std::string::npos);
  CHECK(problems_of("heartbeat: 1h").find("error: ") == 0);
}

TEST_CASE("heartbeat: the secret is in no message, and not in what is printed", "[probe]") {
  const std::string secret = "hunter22-hunter22-hunter22";
  for (const std::string& wrong : {secret + " ", secret + "/x", secret.substr(0, 10)}) {
    const std::string told = problems_of("heartbeat: {every: 1h, secret: '" + wrong + "'}");
    INFO(told);
    CHECK(told.find("hunter") == std::string::npos);
  }
  const std::string twice = messages(
      load_file("", "  - {name: a, heartbeat: {every: 1h, secret: " + secret +
                        "}}\n  - {name: b, heartbeat: {every: 2h, secret: " + secret + "}}\n"));
  CHECK(twice.find("hunter") == std::string::npos);
  CHECK(make_check("heartbeat: {every: 1h, secret: " + secret + "}")->target.find("hunter") ==
        std::string::npos);
}

TEST_CASE("heartbeat: two checks with one secret are an error, at the second one's", "[probe]") {
  const std::string a = "  - {name: a, heartbeat: {every: 1h, " + std::string(kSecret) + "}}\n";
  const std::string b =
      "  - {name: b, enabled: false, heartbeat: {every: 2h, " + std::string(kSecret) + "}}\n";
  CHECK(messages(load_file("", a + b)) ==
        "5:62: this secret is also that of check \"a\"; each check needs one of its own, by which "
        "its job is known\n");
  // By reference, too, whether it is resolved or not.
  const TempDir dir;
  const std::string file = dir.write("secret", "0123456789abcdef").string();
  const std::string c = "  - {name: c, heartbeat: {every: 1h, secret: '${file:" + file + "}'}}\n";
  const std::string d = "  - {name: d, heartbeat: {every: 1h, secret: '${file:" + file + "}'}}\n";
  for (const bool resolve : {true, false}) {
    CHECK(messages(load_file("", c + d, resolve)).find("also that of check \"c\"") !=
          std::string::npos);
  }
  CHECK(messages(load_file("", a + c)).empty());
}

TEST_CASE("heartbeat: one word of a job is enough, unless the check itself says otherwise",
          "[probe]") {
  const std::string head = "defaults: {down_after: 5, up_after: 4, interval: 1m}";
  const auto config =
      load_file(head, "  - {name: a, " + with("every: 1h") + "}\n  - {name: b, down_after: 2, " +
                          "heartbeat: {every: 1h, secret: 0123456789abcdef}}\n" +
                          "  - {name: c, tcp: 'localhost:1'}\n")
          .config;
  REQUIRE(config);
  CHECK(config->checks[0]->timing.down_after == 1);
  CHECK(config->checks[0]->timing.up_after == 1);
  CHECK(config->checks[0]->timing.interval == std::chrono::minutes{1});
  CHECK(config->checks[1]->timing.down_after == 2);
  CHECK(config->checks[1]->timing.up_after == 1);
  CHECK(config->checks[2]->timing.down_after == 5);
  CHECK(config->checks[2]->timing.up_after == 4);
  REQUIRE(config->checks[0]->heartbeat);
  CHECK_FALSE(config->checks[0]->heartbeat->announce);
  CHECK_FALSE(config->checks[2]->heartbeat);
}

TEST_CASE("heartbeat: web.heartbeat_listen is an address of its own, and needs no token",
          "[probe]") {
  const std::string check = "  - {name: a, " + with("every: 1h") + "}\n";
  const auto told = [&](const std::string& web) {
    return messages(load_file("web: {" + web + "}", check));
  };
  const Loaded fine = load_file("web: {heartbeat_listen: '0.0.0.0:8481'}", check);
  REQUIRE(fine.config);
  CHECK(fine.problems.empty());
  CHECK(fine.config->web.heartbeat_listen == "0.0.0.0:8481");
  CHECK(told("heartbeat_listen: nonsense").starts_with("1:25: "));
  CHECK(told("heartbeat_listen: '127.0.0.1:8480'")
            .find("this is the address of \"listen\", which takes heartbeats too") !=
        std::string::npos);
  CHECK(told("listen: '', heartbeat_listen: '[::]:8481'").empty());
  CHECK(told("listen: ''").find("no job can reach a heartbeat check") != std::string::npos);
}

}  // namespace tocsin
