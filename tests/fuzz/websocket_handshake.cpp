// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The head that a WebSocket server answers with. URLs are no part of it: libcurl 7.88 itself leaks
// a few bytes at some malformed ones.
#include <string>

#include "fuzz/fuzz.h"
#include "net/websocket_handshake.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view bytes = fuzz::text_of(data, size);
  if (const auto length = http_head_size(bytes)) {
    fuzz::require(*length <= size, "the head is a part of what came");
    fuzz::require(http_head_size(bytes.substr(0, *length)) == *length, "a head ends where it ends");
    if (const auto head = parse_http_head(bytes.substr(0, *length))) {
      fuzz::require(head->status >= 0 && head->status <= 999, "a status has three digits");
      fuzz::require_printable(show_status(*head, true), 300);
      fuzz::require_printable(show_status(*head, false), 300);
      const WebsocketTerms terms{"dGhlIHNhbXBsZSBub25jZQ==", {"chat"}, true};
      fuzz::require_printable(handshake_refusal(*head, terms), 600);
    }
  }
  parse_http_head(bytes);
  return 0;
}
