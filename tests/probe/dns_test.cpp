// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/dns_zone.h"
#include "support/dns_server.h"
#include "support/nginx.h"

namespace tocsin {

TEST_CASE("dns: a record that is there is up, and what came is noted", "[probe]") {
  const Result result = probe(keys("name: www.example.org"));
  check_reason(result, Verdict::up, "");
  CHECK(result.address == zone_server().address());
  CHECK(result.phases.get(Phase::first_byte));
  CHECK(result.took > Micros{0});
  CHECK(has_note(result, "answer: NOERROR, flags aa rd, "));
  CHECK(has_note(result, "answer: www.example.org 300 A 192.0.2.2"));
  REQUIRE(result.metrics.size() == 2);
  CHECK(result.metrics[0].value == 2);
  CHECK(result.metrics[1].value == 300);
}

TEST_CASE("dns: types of all kinds come as a zone file writes them", "[probe]") {
  const auto exactly = [](const std::string& type, const std::string& name,
                          const std::string& data) {
    const Result result =
        probe(keys("name: " + name + ", type: " + type + ", expect: {exact: [" + data + "]}"));
    INFO(type << ": " << result.reason);
    CHECK(result.verdict == Verdict::up);
  };
  exactly("A", "WWW.Example.ORG.", "192.0.2.2, 192.0.2.1");
  exactly("AAAA", "www.example.org", "\"2001:DB8:0:0::1\"");
  exactly("CNAME", "alias.example.org", "www.example.org.");
  exactly("MX", "example.org", "10 MX1.example.org, 20 mx2.example.org");
  exactly("NS", "example.org", "ns1.example.org, ns2.example.org");
  exactly("TXT", "example.org", "v=spf1 mx -all");
  exactly("CAA", "example.org", "'0 issue \"ca.example\"'");
  exactly("SRV", "_imap._tcp.example.org", "0 5 143 www.example.org");
  exactly("SOA", "example.org", "ns1.example.org admin.example.org 5 7200 3600 1209600 300");
  exactly("TLSA", "_443._tcp.example.org",
          "3 1 1 0102030405060708090A0B0C0D0E0F10 1112131415161718191a1b1c1d1e1f20");
  exactly("NAPTR", "naptr.example.org", "'100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .'");
  // By its number, a known type too.
  exactly("TYPE15", "example.org", "10 mx1.example.org, 20 mx2.example.org");
}

TEST_CASE("dns: records are compared as any, all, none, exact or by a pattern", "[probe]") {
  const auto look = [](const std::string& expect) {
    return probe(keys("name: www.example.org, expect: {" + expect + "}"));
  };
  const std::string got = "A of www.example.org are 192.0.2.1, 192.0.2.2: ";
  check_reason(look("any: [192.0.2.9, 192.0.2.2]"), Verdict::up, "");
  check_reason(look("any: [192.0.2.9, 192.0.2.8]"), Verdict::down,
               got + "expected 192.0.2.9 or 192.0.2.8");
  check_reason(look("all: [192.0.2.1]"), Verdict::up, "");
  check_reason(look("all: [192.0.2.1, 192.0.2.9]"), Verdict::down, got + "192.0.2.9 is missing");
  check_reason(look("none: [192.0.2.9]"), Verdict::up, "");
  check_reason(look("none: [192.0.2.9, 192.0.2.1]"), Verdict::down,
               got + "192.0.2.1 must not be there");
  check_reason(look("exact: 192.0.2.1"), Verdict::down, got + "192.0.2.2 is not expected");
  check_reason(look("exact: [192.0.2.1, 192.0.2.7]"), Verdict::down,
               got + "192.0.2.7 is missing, 192.0.2.2 is not expected");
  check_reason(look("matches: '^192\\.0\\.2\\.2$'"), Verdict::up, "");
  check_reason(look("matches: '^10\\.'"), Verdict::down, got + "expected /^10\\./");
}

TEST_CASE("dns: no record of the type is down, unless none is expected", "[probe]") {
  const std::string mx = "name: www.example.org, type: MX";
  check_reason(probe(keys(mx)), Verdict::down, "no MX record at www.example.org");
  check_reason(probe(keys(mx + ", expect: {exact: []}")), Verdict::up, "");
  check_reason(probe(keys("name: www.example.org, expect: {exact: []}")), Verdict::down,
               "A of www.example.org are 192.0.2.1, 192.0.2.2: 192.0.2.1, 192.0.2.2 are not "
               "expected");
  // The end of a chain counts.
  check_reason(probe(keys("name: alias.example.org, expect: {all: 192.0.2.1}")), Verdict::up, "");
}

TEST_CASE("dns: the response code is told, and may be the expected one", "[probe]") {
  const std::string gone = "name: gone.example.org";
  check_reason(probe(keys(gone)), Verdict::down, "NXDOMAIN: there is no name gone.example.org");
  check_reason(probe(keys(gone + ", expect: {rcode: NXDOMAIN}")), Verdict::up, "");
  check_reason(probe(keys(gone + ", expect: {rcode: [NOERROR, nxdomain]}")), Verdict::up, "");
  check_reason(probe(keys("name: www.example.org, expect: {rcode: NXDOMAIN}")), Verdict::down,
               "NOERROR for A of www.example.org, wanted NXDOMAIN");
  check_reason(probe(keys("name: www.example.net")), Verdict::down,
               "REFUSED: the server does not answer for A of www.example.net");
}

TEST_CASE("dns: flags and times to live are looked at where asked for", "[probe]") {
  const auto look = [](const std::string& expect) {
    return probe(keys("name: www.example.org, expect: {" + expect + "}"));
  };
  check_reason(look("authoritative: true"), Verdict::up, "");
  check_reason(look("authoritative: false"), Verdict::down,
               "the answer is authoritative, which was not expected");
  check_reason(look("authenticated: true"), Verdict::down,
               "the answer is not validated by DNSSEC (no AD flag)");
  check_reason(look("ttl_least: 5m, ttl_most: 300s"), Verdict::up, "");
  check_reason(look("ttl_least: 10m"), Verdict::degraded, "TTL is 300 s, at least 600 s wanted");
  check_reason(look("ttl_most: 1m"), Verdict::degraded, "TTL is 300 s, at most 60 s wanted");
}

TEST_CASE("dns: an AD flag is asked for, and believed", "[probe]") {
  const UdpServer server([](const std::string& query) {
    const bool asked = parse_dns_message(query).authenticated;
    return std::vector{wire_answer(query, asked ? 0x81A0 : 0x8180, 1, wire_record(1, "abcd"))};
  });
  const std::string name = "name: www.example.org";
  check_reason(probe(keys(name + ", expect: {authenticated: true}", server.address())), Verdict::up,
               "");
  CHECK_FALSE(has_note(probe(keys(name, server.address())), " ad"));
}

TEST_CASE("dns: by TCP where asked for, and where the answer by UDP was cut", "[probe]") {
  const Result tcp = probe(keys("name: www.example.org, transport: tcp"));
  check_reason(tcp, Verdict::up, "");
  CHECK(has_note(tcp, " bytes by TCP"));
  CHECK(tcp.phases.get(Phase::connect));

  const Result big = probe(keys("name: big.example.org, type: TXT, expect: {matches: '^39xxx'}"));
  check_reason(big, Verdict::up, "");
  CHECK(has_note(big, "the answer by UDP was cut, so it was asked for by TCP"));
  CHECK(big.metrics.at(0).value == 40);
}

TEST_CASE("dns: a given server that does not answer is down", "[probe]") {
  const std::string name = "name: www.example.org";
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  check_reason(probe(keys(name, nobody)), Verdict::down, "connection refused");
  check_reason(probe(keys(name + ", transport: tcp", nobody)), Verdict::down, "connection refused");
  const UdpServer silent([](const std::string&) { return std::vector<std::string>(); });
  const Result late = probe(keys(name, silent.address()));
  check_reason(late, Verdict::down, "timed out after 2 s");
  CHECK(silent.packets() == 2);  // at once and after 1 s; the next would be after 3 s
  const Result no_host =
      probe_with(keys(name, "ns.example.org:53"), DnsServer().sources(TempDir()));
  CHECK(no_host.verdict != Verdict::up);
}

TEST_CASE("dns: a lost packet costs a second", "[probe]") {
  int seen = 0;
  const UdpServer server([&](const std::string& query) {
    std::vector<std::string> out;
    if (++seen > 1) out.push_back(wire_answer(query, 0x8180, 1, wire_record(1, "abcd")));
    return out;
  });
  const Result result =
      probe(keys("name: www.example.org, expect: {response_time: 900ms}", server.address()));
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.starts_with("slow: "));
  CHECK(has_note(result, "asked 2 times"));
}

TEST_CASE("dns: without a server the machine's resolver is asked; its own failure is unknown",
          "[probe]") {
  const TempDir dir;
  const std::string name = "timeout: 2s, dns: {name: www.example.org";
  DnsServer resolver;
  resolver.set("www.example.org", {.v4 = {"192.0.2.1"}});
  const Resolver::Sources sources = resolver.sources(dir);
  SECTION("it answers") {
    const Result result = probe_with(name + ", expect: {all: 192.0.2.1}}", sources);
    check_reason(result, Verdict::up, "");
    CHECK(result.address == "127.0.0.1:" + std::to_string(resolver.port()));
  }
  SECTION("there is no such name: that is the name's") {
    check_reason(probe_with("dns: www.example.net", sources), Verdict::down,
                 "NXDOMAIN: there is no name www.example.net");
  }
  SECTION("it fails: so does the name, for all who ask there") {
    resolver.set("www.example.org", {.rcode_v4 = 2});
    check_reason(probe_with(name + "}", sources), Verdict::down,
                 "SERVFAIL: the server failed on A of www.example.org");
  }
  SECTION("it refuses") {
    resolver.set("www.example.org", {.rcode_v4 = 5});
    check_reason(probe_with(name + "}", sources), Verdict::unknown,
                 "REFUSED: the server does not answer for A of www.example.org");
  }
  SECTION("it is silent") {
    resolver.be_silent(true);
    check_reason(probe_with(name + "}", sources), Verdict::unknown,
                 "this machine's resolver: timed out after 2 s");
  }
  SECTION("the first one fails: the next one is asked") {
    resolver.be_silent(true);
    const DnsServer second;
    Resolver::Sources two = sources;
    two.resolv_conf = dir.write("two.conf", "nameserver 127.0.0.99\nnameserver 127.0.0.1\n");
    resolver.be_silent(false);
    const Result result = probe_with(name + "}", two);
    check_reason(result, Verdict::up, "");
  }
}

TEST_CASE("dns: a server by name is looked up first; no such name is down", "[probe]") {
  const TempDir dir;
  DnsServer resolver;
  resolver.set("ns1.example.org", {.v4 = {"127.0.0.1"}});
  const auto look = [&](const std::string& host) {
    const std::string at = host + ":" + std::to_string(zone_server().port());
    return probe_with(keys("name: www.example.org", at), resolver.sources(dir));
  };
  const Result found = look("ns1.example.org");
  check_reason(found, Verdict::up, "");
  CHECK(found.phases.get(Phase::name));
  const Result missing = look("ns9.example.org");
  CHECK(missing.verdict == Verdict::down);
  CHECK(missing.reason == "no such host: ns9.example.org");
}

// --- configuration
// ----------------------------------------------------------------------------------

TEST_CASE("dns: every mistake in the settings is told", "[probe]") {
  const auto problems = [](const std::string& settings) {
    return problems_of("dns: {" + settings + "}");
  };
  CHECK(problems("name: example.org, server: \"::1\", type: mx").empty());
  CHECK(problems("name: example.org, server: ns1.example.org").empty());
  CHECK(problems("type: A") == "error: 'name' is missing: the name to ask for\n");
  CHECK(problems("name: 'a b'").find("not a domain name: \"a b\"") != std::string::npos);
  CHECK(problems("name: bücher.example").find("in its xn-- form") != std::string::npos);
  CHECK(problems("name: 192.0.2.1") == "error: an address: it takes 'type: PTR'\n");
  CHECK(problems("name: 192.0.2.1, type: PTR").empty());
  CHECK(problems("name: a, type: AXFRR").find("no record type that is known here: \"AXFRR\"") !=
        std::string::npos);
  CHECK(problems("name: a, server: 'a:b'").find("not a server: ADDRESS, HOST") !=
        std::string::npos);
  CHECK(problems("name: a, transport: tls").find("\"tls\"") != std::string::npos);
  CHECK(problems("name: a, expect: {any: ['::1']}") ==
        "error: not what a record of type A can hold: \"::1\"\n");
  CHECK(problems("name: a, expect: {rcode: NXDOMAINS}").find("no response code: \"NXDOMAINS\"") !=
        std::string::npos);
  CHECK(problems("name: a, expect: {rcode: NXDOMAIN, all: 192.0.2.1}")
            .find("there are no records to expect") != std::string::npos);
  CHECK(problems("name: a, expect: {exact: 192.0.2.1, all: 192.0.2.1}")
            .find("it says it all; leave out") != std::string::npos);
  CHECK(problems("name: a, expect: {ttl_least: 2m, ttl_most: 1m}") == "error: above 'ttl_most'\n");
  CHECK(problems("name: a, expect: {matches: '('}").starts_with("error: "));
  CHECK(problems("name: a, serial: {servers: [ns1]}").find("it takes two to compare") !=
        std::string::npos);
  CHECK(problems("name: a, serial: {}, expect: {rcode: NXDOMAIN}")
            .find("nothing but the serials is compared") != std::string::npos);
  CHECK(problems("name: a, type: MX, serial: {}") == "error: 'serial' compares SOA records\n");
  CHECK(problems("name: a, server: ns3, serial: {servers: [ns1, ns2]}")
            .find("'serial' names the servers") != std::string::npos);
}

TEST_CASE("dns: the target says what is asked of whom", "[probe]") {
  CHECK(make_check("dns: Example.org.")->target == "A of example.org");
  CHECK(make_check("dns: {name: example.org, type: mx, server: \"::1\"}")->target ==
        "MX of example.org at [::1]:53");
  CHECK(make_check("dns: {name: example.org, serial: {}}")->target == "serials of example.org");
}

}  // namespace tocsin
