// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/uplink.h"

#include <chrono>
#include <string>

#include "config/common.h"
#include "config/daemon.h"
#include "util/duration.h"

namespace tocsin {
namespace {

constexpr Settings::Range<Millis> kEvery{std::chrono::seconds{10}, std::chrono::hours{24}};
constexpr Settings::Range<Millis> kTimeout{std::chrono::seconds{1}, std::chrono::hours{24}};

}  // namespace

void read_uplink(Loading& loading, std::vector<Section>& files, Names& checks, Config& config) {
  Section uplink = sole(loading, files, "uplink").child("uplink", "checks");
  const auto names = read_names(uplink, "checks");
  if (!names) return;
  for (const PlacedText& name : *names) {
    const auto number = checks.find(name);
    if (number && !config.checks[*number]->enabled) {
      loading.problems.error(name.place, "check " + in_quotes(name.text) +
                                             " is disabled, so it tells nothing of the uplink; "
                                             "enable it, or name another");
    }
    config.uplink.checks.push_back(name.text);
  }
  if (names->size() == 1) {
    uplink.warn("checks",
                "one reference alone cannot tell whether it is gone or the monitor itself is cut "
                "off; name two at least");
  }
  loading.document.add("uplink", Shown::texts(config.uplink.checks));
}

void read_alive(Loading& loading, std::vector<Section>& files, Config& config) {
  Section& file = sole(loading, files, "alive");
  Section alive = file.child("alive", "url");
  AliveSettings& out = config.alive;
  out.url = alive.url("url");
  out.every = alive.duration("every", out.every, kEvery);
  out.timeout = alive.duration("timeout", out.timeout, kTimeout);
  out.method = alive.choice("method", {"GET", "POST", "HEAD"}, out.method);
  if (alive.keys()->node == nullptr) return;
  if (alive.node("url") == nullptr) {
    alive.error("\"alive\" needs the address that is told; add \"url\"");
  }
  if (alive.given("timeout") && out.timeout > out.every) {
    alive.error("timeout", "timeout " + write_duration(out.timeout) +
                               " is longer than \"every\", which is " + write_duration(out.every) +
                               "; shorten it");
  }
  if (loading.record) loading.document.add("alive", Shown::of_keys(alive.keys()));
}

}  // namespace tocsin
