// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Against loopback where this process may ping at all, and against networks of the test's own,
// where it is root: there a TUN device plays whatever hosts and routers may do.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "net/icmp.h"
#include "probe/probe_fixture.h"
#include "probe/probe_tools.h"
#include "support/dns_server.h"
#include "support/no_descriptors.h"
#include "support/on_loop.h"
#include "support/own_network.h"

namespace tocsin {
namespace {

using Packet = FarNetwork::Packet;
using Replies = std::vector<FarNetwork::Reply>;

// Whether the rest of a test can run; says so if not.
bool has_own_network() {
  if (OwnNetwork::possible() && access("/dev/net/tun", R_OK | W_OK) == 0) return true;
  WARN("skipped: network namespaces and /dev/net/tun need root");
  return false;
}

bool may_ping() {
  if (probe("timeout: 5s, ping: {host: 127.0.0.1, count: 1}").verdict != Verdict::unknown) {
    return true;
  }
  WARN("skipped: this user may not ping here (net.ipv4.ping_group_range)");
  return false;
}

bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(), [&part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

double metric(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return one.value;
  }
  FAIL("no metric " << name);
  return 0;
}

Replies at_once(Packet packet) {
  Replies out;
  out.push_back({Millis{0}, std::move(packet)});
  return out;
}

// A network where everybody does the same.
Result probe_far(const std::string& keys, const FarNetwork::Play& play) {
  const OwnNetwork network;
  network.set_ping_groups("0 2147483647");
  const FarNetwork far(play);
  return probe("timeout: 10s, ping: {" + keys + "}");
}

}  // namespace

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

TEST_CASE("ping: a round trip is the network's time, and too long is degraded or down", "[probe]") {
  if (!has_own_network()) return;
  const auto late = [](const Packet& packet, unsigned) {
    Replies out;
    out.push_back({Millis{60}, FarNetwork::reply_to(packet)});
    return out;
  };
  for (const std::string host : {"10.99.0.7", "'fd99::7'"}) {
    const std::string keys = "host: " + host + ", count: 2, spacing: 10ms, round_trip: ";
    const Result fine = probe_far(keys + "8s", late);
    INFO(fine.reason);
    CHECK(fine.verdict == Verdict::up);
    CHECK(metric(fine, "round_trip_min") >= 0.06);
    const Result slow = probe_far(keys + "{degraded: 50ms, down: 8s}", late);
    CHECK(slow.verdict == Verdict::degraded);
    CHECK(slow.reason.find("slow: round trip ") == 0);
    CHECK(slow.reason.find(" ms, wanted at most 50 ms (") != std::string::npos);
    const Result slower = probe_far(keys + "{down: 50ms}", late);
    CHECK(slower.verdict == Verdict::down);
  }
}

TEST_CASE("ping: a lost reply is counted, and too many lost are degraded or down", "[probe]") {
  if (!has_own_network()) return;
  const auto every_second = [](const Packet& packet, unsigned count) {
    return count % 2 == 0 ? at_once(FarNetwork::reply_to(packet)) : Replies{};
  };
  const std::string keys = "host: 10.99.0.7, count: 4, spacing: 10ms, wait: 300ms";
  const Result allowed = probe_far(keys, every_second);
  CHECK(allowed.verdict == Verdict::up);
  CHECK(metric(allowed, "loss") == 50);
  CHECK(has_note(allowed, "packet 2: no reply"));
  const Result degraded = probe_far(keys + ", loss: 40%", every_second);
  CHECK(degraded.verdict == Verdict::degraded);
  CHECK(degraded.reason == "2 of 4 packets lost (50 %), wanted at most 40 % (10.99.0.7)");
  const Result down = probe_far(keys + ", loss: {degraded: 20%, down: 40%}", every_second);
  CHECK(down.verdict == Verdict::down);
  const Result all = probe_far(keys, [](const Packet&, unsigned) { return Replies{}; });
  CHECK(all.verdict == Verdict::down);
  CHECK(all.reason == "no reply to 4 packets (10.99.0.7)");
  CHECK(metric(all, "loss") == 100);
}

TEST_CASE("ping: what a firewall's dice drop is lost", "[probe]") {
  if (!has_own_network()) return;
  const OwnNetwork network;
  network.set_ping_groups("0 0");
  try {
    network.run({"nft",
                 "add table inet t; add chain inet t c { type filter hook input priority 0; "
                 "}; add rule inet t c icmp type echo-reply numgen inc mod 5 < 2 drop"});
  } catch (const std::exception& error) {
    WARN("skipped: " << error.what());
    return;
  }
  const Result result =
      probe("ping: {host: 127.0.0.1, count: 10, spacing: 10ms, wait: 300ms, loss: 30%}");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason == "4 of 10 packets lost (40 %), wanted at most 30 % (127.0.0.1)");
}

TEST_CASE("ping: an ICMP error is told by its name, with who says it", "[probe]") {
  if (!has_own_network()) return;
  struct Row {
    const char* host;
    std::uint8_t type;
    std::uint8_t code;
    const char* reason;
  };
  const Row rows[] = {
      {"10.99.0.7", 3, 1, "host unreachable, says 10.99.0.254 (10.99.0.7)"},
      {"10.99.0.7", 3, 13, "forbidden by a filter, says 10.99.0.254 (10.99.0.7)"},
      {"10.99.0.7", 11, 0, "time to live exceeded, says 10.99.0.254 (10.99.0.7)"},
      {"'fd99::7'", 1, 3, "host unreachable, says fd99::fe (fd99::7)"},
      {"'fd99::7'", 3, 0, "hop limit exceeded, says fd99::fe (fd99::7)"},
  };
  for (const std::string groups : {"0 0", "1 0"}) {  // unprivileged, raw
    for (const Row& row : rows) {
      const OwnNetwork network;
      network.set_ping_groups(groups);
      const FarNetwork far([&row](const Packet& packet, unsigned) {
        return at_once(FarNetwork::error_about(packet, row.type, row.code));
      });
      const Result result =
          probe(std::string("timeout: 10s, ping: {wait: 9s, count: 2, spacing: 10ms, host: ") +
                row.host + "}");
      CHECK(result.verdict == Verdict::down);
      CHECK(result.reason == std::string("no reply to 2 packets: ") + row.reason);
    }
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

TEST_CASE("ping: late, repeated and falsified replies are told apart", "[probe]") {
  if (!has_own_network()) return;
  const std::string keys = "host: 10.99.0.7, count: 3, spacing: 100ms, wait: 50ms";
  SECTION("one that comes after `wait` is lost, and said to be late") {
    const Result result = probe_far(keys, [](const Packet& packet, unsigned count) {
      Replies out;
      out.push_back({Millis{count == 0 ? 120 : 0}, FarNetwork::reply_to(packet)});
      return out;
    });
    CHECK(result.verdict == Verdict::up);
    CHECK(metric(result, "loss") == Approx(100.0 / 3));
    CHECK(has_note(result, "packet 1: answered too late"));
    CHECK(has_note(result, "late: 1 came after 50 ms"));
  }
  SECTION("a second reply to a packet is no reply to another one") {
    const Result result = probe_far(keys, [](const Packet& packet, unsigned count) {
      Replies out;
      for (unsigned i = 0; count == 0 && i < 3; ++i) {
        out.push_back({Millis{0}, FarNetwork::reply_to(packet)});
      }
      return out;
    });
    CHECK(result.verdict == Verdict::degraded);
    CHECK(has_note(result, "duplicates: 2"));
    CHECK(metric(result, "loss") == Approx(200.0 / 3));
  }
  SECTION("a payload that is not ours, or was cut, is no reply") {
    for (const bool cut : {false, true}) {
      const Result result = probe_far(keys, [cut](const Packet& packet, unsigned) {
        Packet reply = FarNetwork::reply_to(packet);
        reply.back() ^= 1U;
        if (cut) {
          reply.resize(reply.size() - 8);
          reply[3] = static_cast<std::uint8_t>(reply.size());
        }
        FarNetwork::seal(reply);
        return at_once(std::move(reply));
      });
      CHECK(result.verdict == Verdict::down);
      CHECK(result.reason ==
            "no reply to 3 packets: answered with another payload than was sent (10.99.0.7)");
      CHECK(has_note(result, "wrong: 3 had another payload than was sent"));
    }
  }
  SECTION("another host's reply is no reply") {
    const Result result = probe_far(keys, [](const Packet& packet, unsigned) {
      Packet reply = FarNetwork::reply_to(packet);
      reply[15] = 8;
      FarNetwork::seal(reply);
      return at_once(std::move(reply));
    });
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "no reply to 3 packets (10.99.0.7)");
  }
}

TEST_CASE("ping: size, hops and the path's limit are what was asked for", "[probe]") {
  if (!has_own_network()) return;
  std::vector<Packet> seen;
  const auto play = [&seen](const Packet& packet, unsigned) {
    seen.push_back(packet);
    return at_once(FarNetwork::reply_to(packet));
  };
  const Result result = probe_far("host: 10.99.0.7, count: 1, size: 1000, ttl: 9", play);
  CHECK(result.verdict == Verdict::up);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].size() == 20 + 8 + 1000);
  CHECK(FarNetwork::ttl_of(seen[0]) == 9);
  CHECK((seen[0][6] & 0x40U) == 0);
  const Result whole = probe_far("host: 10.99.0.7, count: 1, size: 0, dont_fragment: true", play);
  CHECK(whole.verdict == Verdict::up);
  REQUIRE(seen.size() == 2);
  CHECK((seen[1][6] & 0x40U) != 0);
  const Result large =
      probe_far("host: 10.99.0.7, count: 1, size: 2000, dont_fragment: true", play);
  CHECK(large.verdict == Verdict::down);
  CHECK(large.reason == "no reply to 1 packet: too large for the path (10.99.0.7)");
  CHECK(seen.size() == 2);
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

TEST_CASE("ping: without descriptors the look fails, and not the target", "[probe]") {
  const CheckPtr check = make_check("ping: 127.0.0.1");
  const SystemClock clock;
  ProbeTools tools([](std::uint32_t) {});
  ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{20});
  for (const unsigned spare : {0U, 1U}) {
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
