// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A WebSocket server's frames: the same messages however the bytes are cut, none beyond the limit.
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "net/websocket_frame.h"

namespace tocsin::fuzz {
namespace {

constexpr std::size_t kMostMessage = 1000;

// What came of the bytes, an event a line.
std::string read(std::string_view bytes, std::size_t step) {
  WebsocketDecoder decoder(kMostMessage);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    decoder.feed(bytes.substr(at, step));
    while (const std::optional<WebsocketEvent> event = decoder.next()) {
      require(event->opcode != WebsocketOpcode::continuation, "fragments are put together");
      require(event->payload.size() <= kMostMessage, "a message is bounded");
      if (event->opcode == WebsocketOpcode::text) {
        require(is_valid_utf8(event->payload), "a text is UTF-8");
      }
      out += std::to_string(static_cast<int>(event->opcode)) + " " +
             std::to_string(event->close_code) + " " + event->payload + "\n";
      if (event->close_code != 0) show_close_code(event->close_code);
    }
  }
  require(decoder.frames() <= bytes.size() / 2, "a frame takes two bytes at least");
  if (decoder.offence()) {
    require_printable(decoder.offence()->text, 200);
    out += decoder.offence()->text;
  }
  return out;
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view bytes = fuzz::text_of(data, size);
  const std::string whole = fuzz::read(bytes, size + 1);
  fuzz::require(fuzz::read(bytes, 1) == whole, "where the bytes are cut changes nothing");
  const std::string payload(bytes.substr(0, fuzz::kMostMessage));
  WebsocketDecoder decoder(fuzz::kMostMessage);
  decoder.feed(encode_frame({.opcode = WebsocketOpcode::binary}, payload));
  const auto back = decoder.next();
  fuzz::require(back && back->payload == payload, "a frame comes back as it was sent");
  fuzz::require(close_payload(1000, bytes).size() <= kMostControlPayload, "a close frame is cut");
  return 0;
}
