// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What may come back, or not: a TUN device plays whatever hosts and routers may do. Needs root.
#include "probe/ping_fixture.h"

namespace tocsin {

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

}  // namespace tocsin
