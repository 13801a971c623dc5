// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Packets that come at an ICMP socket, and errors that give one of ours back.
#include "net/icmp_packet.h"

#include "fuzz/fuzz.h"

namespace tocsin::fuzz {
namespace {

void require_inside(const std::optional<Echo>& echo, Bytes packet) {
  if (!echo || echo->payload.empty()) return;
  require(echo->payload.data() >= packet.data() &&
              echo->payload.data() + echo->payload.size() <= packet.data() + packet.size(),
          "a payload is a part of its packet");
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const Bytes packet(data, size);
  for (const bool v6 : {false, true}) {
    fuzz::require_inside(parse_echo_reply(v6, false, packet), packet);
    fuzz::require_inside(parse_echo_reply(v6, true, packet), packet);
    fuzz::require_inside(parse_echo_request(v6, packet), packet);
    const auto sent = echo_request(v6, 0x1234, 7, packet.first(std::min<std::size_t>(size, 1000)));
    const auto back = parse_echo_request(v6, sent);
    fuzz::require(back && back->id == 0x1234 && back->sequence == 7,
                  "a request of ours is known again");
    if (size >= 2) fuzz::require_printable(icmp_error_text(v6, data[0], data[1]), 100);
  }
  return 0;
}
