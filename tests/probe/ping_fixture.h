// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "probe/probe_fixture.h"
#include "support/own_network.h"

namespace tocsin {
using Packet = FarNetwork::Packet;
using Replies = std::vector<FarNetwork::Reply>;

// Whether the rest of a test can run; says so if not.
inline bool has_own_network() {
  if (OwnNetwork::possible() && access("/dev/net/tun", R_OK | W_OK) == 0) return true;
  WARN("skipped: network namespaces and /dev/net/tun need root");
  return false;
}

inline bool may_ping() {
  if (probe("timeout: 5s, ping: {host: 127.0.0.1, count: 1}").verdict != Verdict::unknown) {
    return true;
  }
  WARN("skipped: this user may not ping here (net.ipv4.ping_group_range)");
  return false;
}

inline bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(), [&part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

inline double metric(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return one.value;
  }
  FAIL("no metric " << name);
  return 0;
}

inline Replies at_once(Packet packet) {
  Replies out;
  out.push_back({Millis{0}, std::move(packet)});
  return out;
}

// A network where everybody does the same.
inline Result probe_far(const std::string& keys, const FarNetwork::Play& play) {
  const OwnNetwork network;
  network.set_ping_groups("0 2147483647");
  const FarNetwork far(play);
  return probe("timeout: 10s, ping: {" + keys + "}");
}

}  // namespace tocsin
