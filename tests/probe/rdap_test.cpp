// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>

#include "probe/domain_fixture.h"

namespace tocsin {

TEST_CASE("domain: dates are RFC 3339, with offsets and fractions", "[probe]") {
  CHECK(human_time(*parse_rfc3339("2026-11-21T05:00:00Z")) == "2026-11-21 05:00:00 UTC");
  CHECK(parse_rfc3339("2026-11-21T07:00:00.123+02:00") == kNow);
  CHECK(parse_rfc3339("2026-11-21 05:00:00z") == kNow);
  for (const char* bad : {"", "2026-11-21", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                          "2026-11-21T05:00:00", "2026-11-21T25:00:00Z", "2026-11-21T05:00:00+2",
                          "x026-11-21T05:00:00Z", "2026-11-21T05:00:00Zx"}) {
    INFO(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
}

TEST_CASE("domain: the longest suffix names the server, https before http", "[probe]") {
  const RdapBootstrap bootstrap = parse_rdap_bootstrap(
      R"({"services": [[["uk"], ["https://a/"]], [["co.uk"], ["http://b/", "https://c/"]], [], 7,
          [["x"], []]]})");
  CHECK(rdap_server(bootstrap, "example.co.uk") == "https://c/");
  CHECK(rdap_server(bootstrap, "example.org.uk") == "https://a/");
  CHECK(rdap_server(bootstrap, "example.x").empty());
  CHECK_THROWS_AS(parse_rdap_bootstrap("{}"), std::runtime_error);
  CHECK_THROWS_AS(parse_rdap_bootstrap("x"), std::runtime_error);
  CHECK_THROWS_AS(parse_rdap_bootstrap(R"({"services": []})"), std::runtime_error);
}

TEST_CASE("domain: a status in EPP's words is RDAP's", "[probe]") {
  CHECK(rdap_status("clientTransferProhibited") == "client transfer prohibited");
  CHECK(rdap_status(" Client Hold ") == "client hold");
  CHECK(rdap_status("ok") == "ok");
}

TEST_CASE("domain: whatever the answer holds, reading it ends", "[probe]") {
  const std::string seed = Registration{.expires = "2027-01-01T00:00:00Z"}.json();
  std::mt19937 random(20261121);
  for (int round = 0; round < 3'000; ++round) {
    std::string text = seed;
    for (unsigned i = 1 + random() % 3; i > 0; --i) {
      const char* const parts[] = {"[", "]", "{", "}", "\"", "null", "1", ",", "\xFF", "\\u0000"};
      text.replace(random() % text.size(), random() % 4, parts[random() % 10]);
    }
    const RdapDomain domain = parse_rdap_domain(text, "example.org");
    CHECK(domain.status.size() < 100);
  }
  const std::string deep(100'000, '[');
  CHECK_FALSE(parse_rdap_domain(deep, "example.org").problem.empty());
  const RdapDomain odd = parse_rdap_domain(
      R"({"objectClassName": "domain", "status": 7, "events": {}, "nameservers": [[], null],
          "entities": [{"roles": ["registrar"], "vcardArray": "x"}]})",
      "example.org");
  CHECK(odd.problem.empty());
  CHECK(odd.registrar.empty());
}

TEST_CASE("domain: every mistake in the settings is told", "[probe]") {
  const auto problems = [](const std::string& settings) {
    return problems_of("domain: {" + settings + "}");
  };
  CHECK(problems("name: Example.ORG").empty());
  CHECK(problems("name: xn--bcher-kva.example").empty());
  CHECK(problems("name: bücher.example") ==
        "error: other than ASCII: write it in its xn-- form, which `idn2 NAME` prints\n");
  for (const char* bad : {"org", "'a b.org'", "'*.example.org'", "192.0.2.1", "'http://a.org/'"}) {
    INFO(bad);
    CHECK(problems(std::string("name: ") + bad).find("error: not a registered domain: ") == 0);
  }
  CHECK(problems("days: 3").find("'name' is missing") != std::string::npos);
  CHECK(problems("name: a.org, rdap: 'ftp://x/'").starts_with("error: "));
  CHECK(problems("name: a.org, rdap: 'http://x/', bootstrap: 'http://y/'")
            .find("not needed: 'rdap' names the server") != std::string::npos);
  CHECK(problems("name: a.org, bootstrap: 'http://x/', bootstrap_file: /etc/passwd")
            .find("give one of the two") != std::string::npos);
  CHECK(problems("name: a.org, bootstrap_file: /no/such") ==
        "warning: the file cannot be read now\n");
  CHECK(problems("name: a.org, days: 5, days_down: 6").find("down before it is degraded") !=
        std::string::npos);
  CHECK(problems("name: a.org, expiry: false, days: 5").find("it needs 'expiry: true'") !=
        std::string::npos);
  CHECK(problems("name: a.org, ask_every: 1m").starts_with("error: "));
  CHECK(problems("name: a.org, unanswered: up").starts_with("error: "));
  CHECK(problems("name: a.org, expect: {registrar: '('}").starts_with("error: "));
  CHECK(
      problems("name: a.org, expect: {nameservers: ['a b']}").find("not a host's name: \"a b\"") !=
      std::string::npos);
}

}  // namespace tocsin
