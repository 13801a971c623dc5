// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/stream_find.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tocsin {

using std::chrono::steady_clock;

bool is_literal_address(const std::string& host) noexcept {
  asio::error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

asio::awaitable<Resolver::Answer> find_addresses(Resolver& resolver, std::string host,
                                                 IpFamily family, Phases& phases,
                                                 SteadyTime deadline) {
  const SteadyTime begun = steady_clock::now();
  Resolver::Answer answer = co_await resolver.resolve(host, deadline);
  if (!is_literal_address(host)) {
    phases.add(Phase::name, micros_between(begun, steady_clock::now()));
  }
  if (family == IpFamily::any || answer.error != NetError::none) co_return answer;

  const bool six = family == IpFamily::v6;
  std::erase_if(answer.addresses, [six](const auto& address) { return address.is_v6() != six; });
  if (answer.addresses.empty()) {
    answer.error = NetError::no_such_host;
    answer.error_text = (six ? "no IPv6 address: " : "no IPv4 address: ") + host;
  }
  co_return answer;
}

int weight_of(NetError error) noexcept {
  switch (error) {
    case NetError::none: return 0;
    case NetError::unreachable: return 1;
    case NetError::out_of_resources: return 3;
    default: return 2;
  }
}

SteadyTime share_of(SteadyTime deadline, SteadyTime now, std::size_t to_try) noexcept {
  if (to_try <= 1) return deadline;
  const auto left = std::max(deadline - now, steady_clock::duration::zero());
  return now + left / static_cast<std::int64_t>(to_try);
}

Millis waited_for_people(steady_clock::duration waited) noexcept {
  const Millis exact = std::chrono::round<Millis>(waited);
  const Millis step = exact < Millis{1000} ? Millis{10} : Millis{100};
  return (exact + step / 2) / step * step;
}

}  // namespace tocsin
