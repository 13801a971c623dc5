// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "probe/dns_serial.h"
#include "probe/dns_zone.h"
#include "support/dns_server.h"
#include "support/nginx.h"

namespace tocsin {

TEST_CASE("dns: serials compare by RFC 1982", "[probe]") {
  CHECK(serial_distance(2, 1) == 1);
  CHECK(serial_distance(0, 0xFFFFFFFF) == 1);
  CHECK(serial_distance(0xFFFFFFF0, 0x10) == -0x20);
}

TEST_CASE("dns: servers with the same serial are up; one that lags is named", "[probe]") {
  const Nsd newer("example.org", soa(7) + kRecords);
  const Nsd same("example.org", soa(7) + kRecords);
  const Nsd& older = zone_server();
  const auto look = [](const std::string& servers, const std::string& more = "") {
    return probe("timeout: 3s, dns: {name: example.org, serial: {servers: [" + servers + "]" +
                 more + "}}");
  };
  const auto both = [](const std::string& left, const std::string& right) {
    return '"' + left + "\", \"" + right + '"';
  };
  const Result good = look(both(newer.address(), same.address()));
  CHECK(good.reason.empty());
  CHECK(good.verdict == Verdict::up);
  CHECK(good.metrics.at(0).value == 7);
  CHECK(has_note(good, "serial: 7 " + same.address()));

  const Result lags = look(both(newer.address(), older.address()));
  CHECK(lags.verdict == Verdict::degraded);
  CHECK(lags.reason == older.address() + " lags: serial 5, " + newer.address() + " has 7");
  CHECK(look(both(older.address(), newer.address()), ", lag: 2").verdict == Verdict::up);
  CHECK(look(both(older.address(), newer.address()), ", lag: 1").verdict == Verdict::degraded);

  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  const Result dead = look(both(nobody, newer.address()));
  CHECK(dead.verdict == Verdict::degraded);
  CHECK(dead.reason == nobody + ": connection refused (" + nobody + ")");

  const Nsd lame("example.net", soa(7) + "@ IN NS ns1\n");
  CHECK(look(both(newer.address(), lame.address())).reason == lame.address() + " answers REFUSED");

  const Result none = look(both(nobody, lame.address()));
  CHECK(none.verdict == Verdict::down);
  CHECK(none.reason == "no server of example.org gives a serial: " + nobody +
                           ": connection refused (" + nobody + ")");
}

TEST_CASE("dns: a server that is not authoritative is named", "[probe]") {
  const UdpServer cache([](const std::string& query) {
    const std::string data = wire_name("a") + wire_name("b") + std::string(20, '\1');
    return std::vector{wire_answer(query, 0x8180, 1, wire_record(6, data))};
  });
  const Result result = probe("dns: {name: example.org, serial: {servers: [\"" + cache.address() +
                              "\", \"" + zone_server().address() + "\"]}}");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason == cache.address() + " is not authoritative for example.org");
}

TEST_CASE("dns: the zone's own NS records say whom to compare", "[probe]") {
  std::ifstream least("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  int port = 1024;
  least >> port;
  if (geteuid() != 0 && port > 53) {
    WARN("NS records have no port: this needs port 53 on 127.77.0.1");
    return;
  }
  const Nsd first("example.org", soa(9) + kRecords, "127.77.0.1", 53);
  const Nsd second("example.org", soa(8) + kRecords, "127.77.0.2", 53);
  const TempDir dir;
  DnsServer resolver;
  resolver.set("ns1.example.org", {.v4 = {"127.77.0.1"}});
  resolver.set("ns2.example.org", {.v4 = {"127.77.0.2"}});
  const auto look = [&](const std::string& name) {
    return probe_with("timeout: 5s, dns: {name: " + name + ", server: 127.77.0.1, serial: {}}",
                      resolver.sources(dir));
  };
  const Result lags = look("example.org");
  CHECK(lags.verdict == Verdict::degraded);
  CHECK(lags.reason ==
        "ns2.example.org (127.77.0.2:53) lags: serial 8, ns1.example.org "
        "(127.77.0.1:53) has 9");
  const Result no_zone = look("www.example.org");
  CHECK(no_zone.verdict == Verdict::down);
  CHECK(no_zone.reason == "no NS record at www.example.org (127.77.0.1:53)");
  resolver.set("ns2.example.org", {.rcode_v4 = 3, .rcode_v6 = 3});
  CHECK(look("example.org").reason == "no such host: ns2.example.org");
}

}  // namespace tocsin
