// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/domain_fixture.h"

namespace tocsin {

TEST_CASE("domain: one that is registered for long enough is up, and what is known is noted",
          "[probe]") {
  Registry registry;
  registry.set(Registration{.expires = in(days{90}, kFakeNow)});
  DomainDaemon daemon;
  const Result result = daemon.look(keys(registry));
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
  CHECK(registry.offences().empty());
  CHECK(result.address == "127.0.0.1:" + std::to_string(registry.port()));
  CHECK(result.metrics.at(0).value == 90);
  CHECK(has_note(result, "registrar: Example Registrar, Inc."));
  CHECK(has_note(result, "status: active, client transfer prohibited"));
  CHECK(has_note(result, "name servers: ns1.example.org, ns2.example.org"));
  CHECK(has_note(result, "registered: 1999-01-02 03:04:05 UTC"));
}

TEST_CASE("domain: the end of a registration is told in days", "[probe]") {
  const auto look = [](Millis left, const std::string& more = "") {
    return judged({.expires = in(left, kFakeNow)}, more);
  };
  const Result soon = look(days{6} + hours{1});
  CHECK(soon.verdict == Verdict::degraded);
  CHECK(soon.reason == "registration ends in 6 days (2026-01-08), 30 days wanted (127.0.0.1)");
  CHECK(look(days{6}, "days: 6").verdict == Verdict::up);
  const Result sooner = look(days{6}, "days_down: 7");
  CHECK(sooner.verdict == Verdict::down);
  CHECK(sooner.reason == "registration ends in 6 days (2026-01-08), 7 days wanted (127.0.0.1)");
  const Result over = look(-days{3} - hours{1});
  CHECK(over.verdict == Verdict::down);
  CHECK(over.reason == "registration expired 3 days ago (2025-12-30) (127.0.0.1)");
  CHECK(look(-hours{2}).reason.starts_with("registration expired 2 h ago"));
  CHECK(look(days{6}, "expiry: false").verdict == Verdict::up);
}

TEST_CASE("domain: a registry that does not tell the end is unknown, unless it does not matter",
          "[probe]") {
  const Result result = judged({});
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason.starts_with("the registry does not tell when it ends; with 'expiry: false'"));
  CHECK(judged({}, "expiry: false").verdict == Verdict::up);
  // What is known to be bad is told all the same.
  CHECK(judged({.status = "\"client hold\""}).verdict == Verdict::down);
}

TEST_CASE("domain: bad states are told with what they mean", "[probe]") {
  const std::string far = in(days{90}, kFakeNow);
  const auto look = [&](const std::string& status) {
    return judged({.status = status, .expires = far});
  };
  const Result hold = look("\"client hold\", \"pending transfer\"");
  CHECK(hold.verdict == Verdict::down);
  CHECK(hold.reason ==
        "status is client hold: its registrar has taken it out of the DNS; status is pending "
        "transfer: it is being moved to another registrar (127.0.0.1)");
  CHECK(look("\"serverHold\"").verdict == Verdict::down);
  CHECK(look("\"redemption period\"").verdict == Verdict::down);
  CHECK(look("\"pending delete\"").verdict == Verdict::down);
  CHECK(look("\"inactive\"").verdict == Verdict::down);
  CHECK(look("\"pending transfer\"").verdict == Verdict::degraded);
  CHECK(look("\"auto renew period\", \"server delete prohibited\"").verdict == Verdict::up);
}

TEST_CASE("domain: registrar, name servers and locks may be expected", "[probe]") {
  const Registration fine{.expires = in(days{90}, kFakeNow)};
  CHECK(judged(fine,
               "expect: {registrar: '^Example Reg', nameservers: [NS2.example.org., "
               "ns1.example.org], status: [clientTransferProhibited]}")
            .verdict == Verdict::up);
  const Result registrar = judged(fine, "expect: {registrar: Other}");
  CHECK(registrar.verdict == Verdict::down);
  CHECK(registrar.reason == "registrar is \"Example Registrar, Inc.\", wanted /Other/ (127.0.0.1)");
  const Result servers = judged(fine, "expect: {nameservers: [ns1.example.org, ns9.example.org]}");
  CHECK(servers.verdict == Verdict::down);
  CHECK(servers.reason ==
        "name servers are ns1.example.org, ns2.example.org: ns9.example.org missing: "
        "ns2.example.org not expected (127.0.0.1)");
  const Result lock = judged(fine, "expect: {status: [serverTransferProhibited]}");
  CHECK(lock.verdict == Verdict::degraded);
  CHECK(lock.reason == "status lacks server transfer prohibited (127.0.0.1)");
}

TEST_CASE("domain: one that the registry does not know is down", "[probe]") {
  Registry registry;
  DomainDaemon daemon;
  const Result result = daemon.look(keys(registry));
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "not registered, says the registry (127.0.0.1)");
}

TEST_CASE("domain: the server is found by IANA's file, which is fetched once a day", "[probe]") {
  Registry registry;
  registry.set(Registration{.expires = in(days{90}, kFakeNow)});
  const std::string check =
      "domain: {name: example.org, bootstrap: \"" + registry.bootstrap() + "\"}";
  DomainDaemon daemon;
  CHECK(daemon.look(check).verdict == Verdict::up);
  CHECK(registry.bootstraps() == 1);
  const Result none =
      daemon.look("domain: {name: example.nowhere, bootstrap: \"" + registry.bootstrap() + "\"}");
  CHECK(none.verdict == Verdict::unknown);
  CHECK(none.reason ==
        "no answer about the registration: no RDAP server is known for .nowhere; "
        "if there is one, name it by 'rdap'");
  CHECK(registry.bootstraps() == 1);
  daemon.clock.advance(hours{25});
  CHECK(daemon.look(check).verdict == Verdict::up);
  CHECK(registry.bootstraps() == 2);
}

TEST_CASE("domain: the bootstrap file may be on this machine", "[probe]") {
  Registry registry;
  registry.set(Registration{.expires = in(days{90}, kFakeNow)});
  const TempDir dir;
  const auto file =
      dir.write("dns.json", R"({"services": [[["org"], [")" + registry.url() + R"("]]]})");
  const auto check = [](const std::string& path) {
    return "domain: {name: example.org, bootstrap_file: \"" + path + "\"}";
  };
  DomainDaemon daemon;
  CHECK(daemon.look(check(file.string())).verdict == Verdict::up);
  const Result missing = daemon.look(check((dir.path() / "no").string()));
  CHECK(missing.verdict == Verdict::unknown);
  CHECK(missing.reason.find("no list of RDAP servers: No such file or directory (") !=
        std::string::npos);
  const Result wrong = daemon.look(check(dir.write("x", "{}").string()));
  CHECK(wrong.reason.find("no list of RDAP services") != std::string::npos);
}

TEST_CASE("domain: a registry is asked seldom, whatever the interval", "[probe]") {
  Registry registry;
  registry.set(Registration{.expires = in(days{31}, kFakeNow)});
  const CheckPtr check = make_check(keys(registry));
  DomainDaemon daemon;
  for (int i = 0; i < 100; ++i) {
    CHECK(daemon.look(*check).verdict == Verdict::up);
    daemon.clock.advance(minutes{3});
  }
  CHECK(registry.asked() == 1);
  // The days go on being counted.
  daemon.clock.advance(hours{24} - minutes{300});
  registry.stop();
  const Result later = daemon.look(*check);
  CHECK(later.verdict == Verdict::up);
  CHECK(later.metrics.at(0).value == 30);
  CHECK(has_note(later, "not renewed: 127.0.0.1: connection refused"));
  daemon.clock.advance(hours{24});
  CHECK(daemon.look(*check).verdict == Verdict::degraded);
  // But not for ever.
  daemon.clock.advance(hours{72});
  const Result last = daemon.look(*check);
  CHECK(last.verdict == Verdict::unknown);
  CHECK(last.reason.starts_with("no answer about the registration: 127.0.0.1: connection refused"));
  registry.start();
  daemon.clock.advance(minutes{6});
  CHECK(daemon.look(*check).verdict == Verdict::degraded);
  CHECK(registry.asked() == 2);
}

TEST_CASE("domain: a registry that asks to wait is left alone, for all its domains", "[probe]") {
  Registry registry;
  registry.set("example.org", {.status = 429, .body = "{}", .headers = {{"Retry-After", "3600"}}});
  registry.set(Registration{.name = "example.com", .expires = in(days{90}, kFakeNow)});
  DomainDaemon daemon;
  const Result first = daemon.look(keys(registry));
  CHECK(first.verdict == Verdict::unknown);
  CHECK(first.reason ==
        "no answer about the registration: 127.0.0.1: it asks to wait for 1 h (status 429)");
  const std::string other = "domain: {name: example.com, rdap: \"" + registry.url() + "\"}";
  const Result second = daemon.look(other);
  CHECK(second.verdict == Verdict::unknown);
  CHECK(second.reason ==
        "no answer about the registration: 127.0.0.1: it asked to wait, 1 h are left");
  daemon.clock.advance(minutes{59});
  daemon.look(keys(registry));
  CHECK(registry.asked() == 1);
  daemon.clock.advance(minutes{2});
  CHECK(daemon.look(other).verdict == Verdict::up);
}

TEST_CASE("domain: what is no answer is unknown, unless it is wanted otherwise", "[probe]") {
  const auto look = [](HttpReply reply, const std::string& more = "") {
    Registry registry;
    registry.set("example.org", std::move(reply));
    DomainDaemon daemon;
    return daemon.look(keys(registry, more));
  };
  const std::string about = "no answer about the registration: 127.0.0.1: ";
  const Result broken = look({.status = 500});
  CHECK(broken.verdict == Verdict::unknown);
  CHECK(broken.reason == about + "status 500");
  CHECK(look({.status = 500}, "unanswered: degraded").verdict == Verdict::degraded);
  CHECK(look({.status = 500}, "unanswered: down").verdict == Verdict::down);
  CHECK(look({.body = "<html>"}).reason.starts_with(about + "no JSON: "));
  CHECK(look({.body = "[]"}).reason == about + "an answer that is about no domain");
  CHECK(look({.body = R"({"objectClassName": "entity"})"}).reason ==
        about + "an answer that is about no domain");
  CHECK(look({.body = Registration{.name = "example.com"}.json()}).reason ==
        about + "an answer about example.com");
  CHECK(look({.body = std::string(5 << 20, ' ')}).reason == about + "its answer is too long");
  CHECK(look({.body = std::string(1 << 20, ' ')}).reason == about + "its answer is too long");
  CHECK(look({.way = HttpReply::Way::close}).verdict == Verdict::unknown);
}

TEST_CASE("domain: redirects are followed, but not in circles, nor away from HTTP", "[probe]") {
  Registry registry;
  const auto to = [](const std::string& url) {
    return HttpReply{.status = 302, .body = "", .headers = {{"Location", url}}};
  };
  registry.set(Registration{.expires = in(days{90}, kFakeNow)});
  HttpStandIn moved({.head = nullptr, .whole = [&](const HttpAsked& asked) {
                       if (asked.target == "/circle/domain/example.org") {
                         return to(asked.target);
                       }
                       if (asked.target == "/file/domain/example.org")
                         return to("file:///etc/passwd");
                       return to(registry.url() + "domain/example.org");
                     }});
  const auto look = [&](const std::string& path) {
    DomainDaemon daemon;
    return daemon.look("domain: {name: example.org, rdap: \"" + moved.base_url() + path + "\"}");
  };
  CHECK(look("").verdict == Verdict::up);
  const Result circle = look("/circle");
  CHECK(circle.verdict == Verdict::unknown);
  CHECK(circle.reason.find("more than 5 redirects") != std::string::npos);
  CHECK(look("/file").verdict == Verdict::unknown);
}

TEST_CASE("domain: checks that need the same answer at once ask once", "[probe]") {
  Registry registry;
  HttpReply slow{.body = Registration{.expires = in(days{90}, kFakeNow)}.json()};
  slow.delay = Millis{100};
  registry.set("example.org", slow);
  const CheckPtr check =
      make_check("domain: {name: example.org, bootstrap: \"" + registry.bootstrap() + "\"}");
  DomainDaemon daemon;
  const std::vector<Result> results = daemon.look_at_once({check, check, check});
  for (const Result& result : results) CHECK(result.verdict == Verdict::up);
  CHECK(registry.asked() == 1);
  CHECK(registry.bootstraps() == 1);
}

TEST_CASE("domain: the loop may go while somebody waits for another's answer", "[probe]") {
  Registry registry;
  registry.set("example.org", {.way = HttpReply::Way::hang});
  const CheckPtr check = make_check(keys(registry));
  DomainDaemon daemon;
  ProbeContext context = daemon.at();
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(daemon.tools.loop(), check->prober->probe(context),
                   [&](std::exception_ptr, Result) { ++ended; });
  }
  const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (registry.asked() == 0 && std::chrono::steady_clock::now() < bound) {
    daemon.tools.loop().restart();
    daemon.tools.loop().run_one_for(Millis{20});
  }
  CHECK(registry.asked() == 1);
  CHECK(ended == 0);
}

}  // namespace tocsin
