// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Against loopback where this process may ping at all, and in networks of the test's own where it
// is root.
#include <set>

#include "net/icmp.h"
#include "probe/ping_fixture.h"
#include "probe/probe_tools.h"
#include "support/dns_server.h"
#include "support/no_descriptors.h"
#include "support/on_loop.h"

namespace tocsin {

TEST_CASE("ping: this machine answers itself, by IPv4 and IPv6", "[probe]") {
  if (!may_ping()) return;
  for (const std::string host : {"127.0.0.1", "'::1'"}) {
    const Result result = probe("ping: {host: " + host + ", count: 3, spacing: 10ms}");
    INFO(result.reason);
    CHECK(result.verdict == Verdict::up);
    CHECK(result.reason.empty());
    CHECK(result.phases.get(Phase::first_byte));
    CHECK(metric(result, "loss") == 0);
    CHECK(metric(result, "round_trip_min") > 0);
    CHECK(metric(result, "round_trip_min") <= metric(result, "round_trip_mean"));
    CHECK(metric(result, "round_trip_mean") <= metric(result, "round_trip_max"));
    CHECK(has_note(result, "sent: 3 packets with 56 bytes by "));
    CHECK(has_note(result, "packet 3: "));
  }
}

TEST_CASE("ping: unprivileged sockets come first, then raw ones, then what to grant", "[probe]") {
  if (!has_own_network()) return;
  const OwnNetwork network;
  for (const std::string host : {"127.0.0.1", "'::1'"}) {
    const std::string keys = "ping: {host: " + host + ", count: 2, spacing: 10ms}";
    network.set_ping_groups("0 0");
    const Result unprivileged = probe(keys);
    CHECK(unprivileged.verdict == Verdict::up);
    CHECK(has_note(unprivileged, " by an unprivileged socket, id "));
    network.set_ping_groups("1 0");
    const Result raw = probe(keys);
    CHECK(raw.verdict == Verdict::up);
    CHECK(has_note(raw, " by a raw socket, id "));
    const WithoutRawSockets without;
    const Result neither = probe(keys);
    CHECK(neither.verdict == Verdict::unknown);
    CHECK(neither.reason ==
          "not allowed to ping here: net.ipv4.ping_group_range does not cover group " +
              std::to_string(getegid()) + ", and CAP_NET_RAW is missing; grant one of them");
  }
}

TEST_CASE("ping: no route is down at once, a firewall of our own is unknown", "[probe]") {
  if (!has_own_network()) return;
  const OwnNetwork network;
  network.set_ping_groups("0 0");
  const Result result = probe("ping: {host: 192.0.2.1, count: 2, spacing: 10ms}");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "no reply to 2 packets: no route to the host (192.0.2.1)");
  try {
    network.run({"nft",
                 "add table ip t; add chain ip t c { type filter hook output priority 0; }; "
                 "add rule ip t c icmp type echo-request drop"});
  } catch (const std::exception& error) {
    WARN("skipped: " << error.what());
    return;
  }
  const Result forbidden = probe("ping: {host: 127.0.0.1, count: 1}");
  CHECK(forbidden.verdict == Verdict::unknown);
  CHECK(forbidden.reason == "not allowed here: Operation not permitted (127.0.0.1)");
}

TEST_CASE("ping: each probe has an id of its own", "[probe]") {
  if (!has_own_network()) return;
  const OwnNetwork network;
  for (const std::string groups : {"0 0", "1 0"}) {
    network.set_ping_groups(groups);
    std::set<std::uint16_t> ids;
    {
      const FarNetwork far([&ids](const Packet& packet, unsigned) {
        ids.insert(FarNetwork::id_of(packet));
        return at_once(FarNetwork::reply_to(packet));
      });
      for (int i = 0; i < 20; ++i) probe("ping: {host: 10.99.0.7, count: 2, spacing: 10ms}");
    }
    CHECK(ids.size() >= 19);  // two of them may be the same by chance
  }
}

TEST_CASE("ping: every address of a name in order, and those of one family alone", "[probe]") {
  if (!has_own_network()) return;
  const OwnNetwork network;
  network.set_ping_groups("0 0");
  const FarNetwork far([](const Packet& packet, unsigned) {
    const bool silent = !FarNetwork::is_v6(packet) && packet[19] == 7;
    return silent ? Replies{} : at_once(FarNetwork::reply_to(packet));
  });
  DnsServer dns;
  const TempDir dir;
  dns.set("two.example", {{"10.99.0.7", "10.99.0.8"}, {}});
  dns.set("six.example", {{}, {"fd99::9"}});
  const SystemClock clock;
  const auto look = [&](const std::string& keys) {
    ProbeTools tools([](std::uint32_t) {}, dns.sources(dir));
    const CheckPtr check = make_check("ping: {count: 2, spacing: 10ms, wait: 200ms, " + keys + "}");
    ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{20});
    return on_loop(tools.loop(), check->prober->probe(context));
  };
  const Result second = look("host: two.example");
  CHECK(second.verdict == Verdict::up);
  CHECK(second.address == "10.99.0.8");
  const Result six = look("host: six.example");
  CHECK(six.verdict == Verdict::up);
  CHECK(six.address == "fd99::9");
  const Result none = look("host: six.example, family: ipv4");
  CHECK(none.verdict == Verdict::down);
  CHECK(none.reason == "the name has no IPv4 address");
  const Result nobody = look("host: nobody.example");
  CHECK(nobody.verdict == Verdict::down);
  CHECK(nobody.reason.find("no such host") == 0);
}

TEST_CASE("ping: a thousand at once lose nothing and take few descriptors", "[probe]") {
  if (!may_ping()) return;
  constexpr int kPings = 1000;
  asio::io_context loop(1);
  Icmp icmp(loop);
  int received = 0;
  int done = 0;
  for (int i = 0; i < kPings; ++i) {
    PingPlan plan;
    plan.address = asio::ip::make_address(i % 2 == 0 ? "127.0.0.1" : "::1");
    plan.count = 2;
    plan.spacing = Millis{50};
    plan.wait = std::chrono::seconds{20};
    plan.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{25};
    asio::co_spawn(loop, icmp.ping(plan), [&](std::exception_ptr error, const PingTally& tally) {
      CHECK(error == nullptr);
      CHECK(tally.error_text.empty());
      received += static_cast<int>(tally.received);
      ++done;
    });
  }
  std::size_t sockets = 0;
  while (done < kPings && loop.run_one() > 0) sockets = std::max(sockets, icmp.sockets());
  CHECK(received == 2 * kPings);
  CHECK(sockets <= 40);
  CHECK(icmp.sockets() == 0);
}

// UBSan opens a pipe to look at an exception, and takes the lack of one for a broken exception.
#ifdef __SANITIZE_ADDRESS__
constexpr unsigned kFewest = 1;
#else
constexpr unsigned kFewest = 0;
#endif

TEST_CASE("ping: without descriptors the look fails, and not the target", "[probe]") {
  if (!may_ping()) return;
  const CheckPtr check = make_check("ping: 127.0.0.1");
  const SystemClock clock;
  ProbeTools tools([](std::uint32_t) {});
  ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{20});
  for (unsigned spare = kFewest; spare <= 1; ++spare) {
    const NoDescriptors none(spare);
    const Result result = on_loop(tools.loop(), check->prober->probe(context));
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find("out of resources here: ") == 0);
  }
}

TEST_CASE("ping: each bad key is told", "[probe]") {
  const auto told = [](const std::string& keys) {
    return problems_of("timeout: 2s, ping: " + keys);
  };
  CHECK(told("{}").find("error: 'host' is missing") != std::string::npos);
  CHECK(told("'web 01'").find("not a host's name or an address") != std::string::npos);
  CHECK(told("'[::1]'").find("(an IPv6 one without brackets): \"[::1]\"") != std::string::npos);
  CHECK(told("{host: 127.0.0.1, family: ipv6}")
            .find("error: the host is an address of the other "
                  "family") != std::string::npos);
  CHECK(told("{host: x, family: four}").find("error: ") != std::string::npos);
  CHECK(told("{host: x, count: 0}").find("error: ") != std::string::npos);
  CHECK(told("{host: x, count: 11}")
            .find("error: 11 packets, 200ms apart, do not fit in the timeout of 2s") !=
        std::string::npos);
  CHECK(told("{host: x, wait: 3s}").find("error: ") != std::string::npos);
  CHECK(told("{host: x, size: 65508}").find("error: ") != std::string::npos);
  CHECK(told("{host: x, ttl: 256}").find("error: ") != std::string::npos);
  CHECK(told("{host: x, loss: 101%}").find("percentage of at most 100% expected") !=
        std::string::npos);
  CHECK(told("{host: x, loss: {degraded: 50%, down: 20%}}")
            .find("error: must be more than "
                  "'degraded'") != std::string::npos);
  CHECK(told("{host: x, round_trip: fast}").find("error: duration expected") != std::string::npos);
  CHECK(told("{host: 'fe80::1%eth0', dont_fragment: true, count: 9}").empty());
}

}  // namespace tocsin
