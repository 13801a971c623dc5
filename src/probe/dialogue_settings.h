// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "probe/dialogue.h"
#include "probe/protocols.h"
#include "tocsin/settings.h"

namespace tocsin {

// The keys that `tcp` and `udp` share, as they are parsed: mistakes are reported at their places.

// The row that `protocol` names; null if there is none.
const Protocol* parse_protocol(Settings& settings, Transport transport);

// Where to connect if it is not said.
struct TargetDefaults {
  std::uint16_t port = 0;        // 0: it must be said
  std::string_view unix_socket;  // empty: a host must be said
  bool unix_allowed = false;
};
// Of `address` (HOST:PORT, [IPv6]:PORT, perhaps unix:/PATH), or `host` and `port`; and `family`.
StreamTarget parse_target(Settings& settings, const TargetDefaults& defaults);

// What is said: by the protocol, by `dialogue`, or by `send`, `expect` and their like.
struct DialogueKeys {
  const Protocol* protocol = nullptr;
  std::string host;      // for protocols that name it
  bool greeted = false;  // the greeting is over
  bool has_read_limit = true;
};
Dialogue parse_dialogue(Settings& settings, const DialogueKeys& keys);

}  // namespace tocsin
