// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probe/dns_settings.h"
#include "probe/prober.h"

namespace tocsin {

// What one of a zone's servers said of its serial. A value type.
struct ZoneServer {
  std::string name;     // as it was named: "ns1.example.org", "127.0.0.1:5353"
  std::string address;  // that answered, or did not
  std::optional<std::uint32_t> serial;
  std::string trouble;  // why there is none, with the address
  bool ours = false;    // our own side's fault: says nothing about the server
};

// How far `left` is ahead of `right` by RFC 1982; negative: behind.
std::int32_t serial_distance(std::uint32_t left, std::uint32_t right) noexcept;

// Pure. The result is up before. No server that has the zone is down; one that lags or does not
// answer is degraded, and each such is named.
void judge_serials(Result& result, const std::string& zone, const std::vector<ZoneServer>& servers,
                   std::uint32_t lag);

// Asks all of the zone's servers, each with its share of the time. Ends by the context's deadline.
asio::awaitable<Result> probe_serials(ProbeContext& context, const DnsSettings& settings);

}  // namespace tocsin
