// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// The frames of WebSocket (RFC 6455, section 5), without extensions. Pure: bytes in, bytes out.

// Section 5.2; the other ten values are reserved.
enum class WebsocketOpcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

// Section 7.4.1: those that we send.
namespace websocket_code {
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kNotUtf8 = 1007;
inline constexpr std::uint16_t kTooBig = 1009;
}  // namespace websocket_code

inline constexpr std::size_t kMostControlPayload = 125;  // section 5.5

// What the sender is: a client masks every frame, a server none (section 5.1).
using WebsocketMask = std::array<std::uint8_t, 4>;

struct WebsocketFrame {
  WebsocketOpcode opcode = WebsocketOpcode::text;
  bool last = true;  // of its message
  std::optional<WebsocketMask> mask;
};

// The frame's bytes. REQUIRES: the payload of close, ping and pong is at most kMostControlPayload.
std::string encode_frame(const WebsocketFrame& frame, std::string_view payload);
// The payload of a close frame; the reason is cut to what fits.
std::string close_payload(std::uint16_t code, std::string_view reason);

// "1008 policy violation", "4000": for people.
std::string show_close_code(std::uint16_t code);

// A whole message or a control frame.
struct WebsocketEvent {
  WebsocketOpcode opcode = WebsocketOpcode::text;  // never a continuation
  std::string payload;                             // of a close: its reason, without the code
  std::uint16_t close_code = 0;                    // of a close; 0: it has none
};

// Takes a server's bytes as they come and gives its messages, put together from their fragments,
// and the control frames that stand between these. Holds at most the unread bytes, one message and
// one frame of at most `most_message`. The first offence ends it: `next` gives nothing from there
// on. One thread only.
class WebsocketDecoder {
 public:
  explicit WebsocketDecoder(std::size_t most_message) : most_message_(most_message) {}

  // How the other side offended: for people, and as the code to close with.
  struct Offence {
    std::uint16_t code = 0;
    std::string text;  // "the server masks its frames"
  };

  void feed(std::string_view bytes);
  // The next one that is complete; nothing if bytes are missing, after an offence, or after a close
  // (what follows that is not looked at, section 5.5.1).
  std::optional<WebsocketEvent> next();
  const std::optional<Offence>& offence() const noexcept { return offence_; }
  // Frames seen so far, so that a flood of empty ones can be told.
  std::size_t frames() const noexcept { return frames_; }

 private:
  struct Head {
    WebsocketOpcode opcode = WebsocketOpcode::text;
    bool last = false;
    std::size_t size = 0;     // of the head itself
    std::size_t payload = 0;  // bytes that follow it
  };

  std::optional<Head> read_head();
  std::optional<std::uint64_t> read_length(std::uint8_t short_length, std::size_t& size);
  bool allows(std::uint8_t first, std::uint8_t second);
  bool fits(WebsocketOpcode opcode, bool last, std::uint64_t payload);
  std::optional<WebsocketEvent> take(const Head& head, std::string_view payload);
  std::optional<WebsocketEvent> take_data(const Head& head, std::string_view payload);
  std::optional<WebsocketEvent> take_close(std::string_view payload);
  void refuse(std::uint16_t code, std::string text);
  std::string_view unread() const noexcept { return std::string_view(bytes_).substr(read_); }

  const std::size_t most_message_;
  std::string bytes_;
  std::size_t read_ = 0;                  // bytes_ before it have been dealt with
  std::optional<WebsocketOpcode> begun_;  // the message whose fragments are coming
  std::string message_;
  std::optional<Offence> offence_;
  bool closed_ = false;
  std::size_t frames_ = 0;
};

}  // namespace tocsin
