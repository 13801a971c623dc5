// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>

#include "net/datagram.h"
#include "probe/dialogue.h"

namespace tocsin {

// How patient a dialogue by datagrams is.
struct UdpPatience {
  int retries = 2;  // a message without an answer is sent so many times more
  SteadyTime deadline;
};

// Speaks to the addresses that were found, in order, until one answers; each has its share of the
// time. Within a share, a message is sent again after 1 s, then after 2 s more, …, or sooner where
// less time is left. An answer is one datagram, and one that does not fit is wrong at once; the
// answer to the step before, come twice, is no answer. Ends by the deadline, does not throw. The
// dialogue and the socket must outlive the call.
asio::awaitable<Talk> talk(Datagram& socket, const Dialogue& dialogue, bool explain,
                           UdpPatience patience);

}  // namespace tocsin
