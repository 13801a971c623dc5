// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "net/resolver.h"
#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

// What streams and datagrams share on their way to an address. One loop's thread only.

bool is_literal_address(const std::string& host) noexcept;

// The host's addresses of the wanted family; times Phase::name unless the host is an address. A
// host without one of that family is no_such_host: "no IPv6 address: web-01". Ends by the deadline.
asio::awaitable<Resolver::Answer> find_addresses(Resolver& resolver, std::string host,
                                                 IpFamily family, Phases& phases,
                                                 SteadyTime deadline);

// Of the failures of several addresses, which one says most: what is wrong on our side makes all
// the others worthless, and an address without a route says least.
int weight_of(NetError error) noexcept;

// The part of the time that is left which an address gets while so many are to be tried, this one
// too; the last one gets the deadline itself.
SteadyTime share_of(SteadyTime deadline, SteadyTime now, std::size_t to_try) noexcept;

// 9.998 s of a timeout of 10 s is "10 s".
Millis waited_for_people(std::chrono::steady_clock::duration waited) noexcept;

}  // namespace tocsin
