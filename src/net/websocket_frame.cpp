// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A frame is dealt with when all of it is there. Its head is judged before that, so that a length
// beyond the limit is refused when it is announced and not when it has come: what is unread never
// grows beyond one frame that fits and what one `feed` brought.
//
// Only the client's side of the rules is here: a server may not mask, no extension was offered, so
// every reserved bit is an offence.
#include "net/websocket_frame.h"

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint8_t kLastBit = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0F;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::uint8_t kLengthBits = 0x7F;
constexpr std::uint8_t kLength16 = 126;  // the length is in the next two bytes
constexpr std::uint8_t kLength64 = 127;  // or in the next eight
constexpr std::uint64_t kMost16 = 0xFFFF;

std::uint8_t byte(char c) noexcept {
  return static_cast<std::uint8_t>(c);
}

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t out = 0;
  for (const char c : bytes) out = out << 8U | byte(c);
  return out;
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8U * bytes) & 0xFFU));
}

bool is_control(WebsocketOpcode opcode) noexcept {
  return opcode >= WebsocketOpcode::close;
}

bool is_known(std::uint8_t opcode) noexcept {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

// Section 7.4 and IANA's registry: 1004 to 1006 and 1015 are never sent; 1012 to 1014 were added.
bool may_be_sent(std::uint64_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

std::string encode_frame(const WebsocketFrame& frame, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 14);
  const auto opcode = static_cast<std::uint8_t>(frame.opcode);
  out.push_back(static_cast<char>(frame.last ? opcode | kLastBit : opcode));
  const std::uint8_t mask_bit = frame.mask ? kMaskBit : 0;
  if (payload.size() < kLength16) {
    out.push_back(static_cast<char>(mask_bit | payload.size()));
  } else if (payload.size() <= kMost16) {
    out.push_back(static_cast<char>(mask_bit | kLength16));
    append_big_endian(out, payload.size(), 2);
  } else {
    out.push_back(static_cast<char>(mask_bit | kLength64));
    append_big_endian(out, payload.size(), 8);
  }
  if (!frame.mask) return out.append(payload);
  for (const std::uint8_t part : *frame.mask) out.push_back(static_cast<char>(part));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out.push_back(static_cast<char>(byte(payload[i]) ^ (*frame.mask)[i % 4]));
  }
  return out;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string out;
  append_big_endian(out, code, 2);
  return out.append(cut_utf8(reason, kMostControlPayload - 2));
}

std::string show_close_code(std::uint16_t code) {
  const auto meaning = [code]() -> std::string_view {
    switch (code) {
      case 1000: return " normal closure";
      case 1001: return " going away";
      case 1002: return " protocol error";
      case 1003: return " unsupported data";
      case 1007: return " invalid payload data";
      case 1008: return " policy violation";
      case 1009: return " message too big";
      case 1010: return " mandatory extension";
      case 1011: return " internal error";
      case 1012: return " service restart";
      case 1013: return " try again later";
      case 1014: return " bad gateway";
      case 3000: return " unauthorized";
      case 3003: return " forbidden";
      case 3008: return " timeout";
      default: return "";
    }
  };
  return std::to_string(code).append(meaning());
}

void WebsocketDecoder::feed(std::string_view bytes) {
  if (offence_ || closed_) return;
  bytes_.erase(0, read_);
  read_ = 0;
  bytes_.append(bytes);
}

std::optional<WebsocketEvent> WebsocketDecoder::next() {
  while (!offence_ && !closed_) {
    const auto head = read_head();
    if (!head || unread().size() - head->size < head->payload) return std::nullopt;
    ++frames_;
    const std::string_view payload = unread().substr(head->size, head->payload);
    read_ += head->size + head->payload;
    if (auto event = take(*head, payload)) return event;
  }
  return std::nullopt;
}

void WebsocketDecoder::refuse(std::uint16_t code, std::string text) {
  offence_ = Offence{code, std::move(text)};
}

// Nothing if bytes are missing or what is there offends.
std::optional<WebsocketDecoder::Head> WebsocketDecoder::read_head() {
  const std::string_view bytes = unread();
  if (bytes.size() < 2 || !allows(byte(bytes[0]), byte(bytes[1]))) return std::nullopt;
  Head head;
  head.opcode = static_cast<WebsocketOpcode>(byte(bytes[0]) & kOpcodeBits);
  head.last = (byte(bytes[0]) & kLastBit) != 0;
  const auto length = read_length(byte(bytes[1]) & kLengthBits, head.size);
  if (!length || !fits(head.opcode, head.last, *length)) return std::nullopt;
  head.payload = static_cast<std::size_t>(*length);
  return head;
}

// Section 5.2: network byte order, in as few bytes as it takes, the topmost bit clear.
std::optional<std::uint64_t> WebsocketDecoder::read_length(std::uint8_t short_length,
                                                           std::size_t& size) {
  size = 2;
  if (short_length < kLength16) return short_length;
  const std::size_t more = short_length == kLength16 ? 2 : 8;
  size += more;
  if (unread().size() < size) return std::nullopt;
  const std::uint64_t length = big_endian(unread().substr(2, more));
  if (length < (more == 2 ? std::uint64_t{kLength16} : kMost16 + 1) || length >> 63U != 0) {
    refuse(websocket_code::kProtocolError, "the server sends a malformed frame length");
    return std::nullopt;
  }
  return length;
}

// Of a frame's first two bytes.
bool WebsocketDecoder::allows(std::uint8_t first, std::uint8_t second) {
  const auto opcode = static_cast<std::uint8_t>(first & kOpcodeBits);
  if ((first & kReservedBits) != 0) {
    refuse(
        websocket_code::kProtocolError,
        "the server sets reserved bits (an extension, such as compression, that was not offered)");
  } else if (!is_known(opcode)) {
    refuse(websocket_code::kProtocolError,
           "the server sends a frame of an unknown kind (opcode " + std::to_string(opcode) + ")");
  } else if ((second & kMaskBit) != 0) {
    refuse(websocket_code::kProtocolError, "the server masks its frames, as only a client may");
  }
  return !offence_;
}

// Whether a frame may come now that has a payload of this size.
bool WebsocketDecoder::fits(WebsocketOpcode opcode, bool last, std::uint64_t payload) {
  const bool goes_on = opcode == WebsocketOpcode::continuation;
  if (is_control(opcode)) {
    if (!last || payload > kMostControlPayload) {
      refuse(websocket_code::kProtocolError,
             last ? "the server sends a control frame of more than 125 bytes"
                  : "the server sends a control frame in fragments");
    }
  } else if (goes_on != begun_.has_value()) {
    refuse(websocket_code::kProtocolError,
           goes_on ? "the server continues a message that it has not begun"
                   : "the server begins a message within another one");
  } else if (payload > most_message_ - std::min(most_message_, message_.size())) {
    refuse(websocket_code::kTooBig,
           "the server sends a message of more than " + std::to_string(most_message_) + " bytes");
  }
  return !offence_;
}

std::optional<WebsocketEvent> WebsocketDecoder::take(const Head& head, std::string_view payload) {
  if (!is_control(head.opcode)) return take_data(head, payload);
  if (head.opcode == WebsocketOpcode::close) return take_close(payload);
  return WebsocketEvent{head.opcode, std::string(payload), 0};
}

std::optional<WebsocketEvent> WebsocketDecoder::take_data(const Head& head,
                                                          std::string_view payload) {
  if (head.opcode != WebsocketOpcode::continuation) begun_ = head.opcode;
  message_.append(payload);
  if (!head.last) return std::nullopt;
  WebsocketEvent event{*begun_, std::move(message_), 0};
  begun_.reset();
  message_.clear();
  if (event.opcode == WebsocketOpcode::text && !is_valid_utf8(event.payload)) {
    refuse(websocket_code::kNotUtf8, "the server sends a text that is not UTF-8");
    return std::nullopt;
  }
  return event;
}

// Section 5.5.1: nothing, or a code and perhaps a reason in UTF-8.
std::optional<WebsocketEvent> WebsocketDecoder::take_close(std::string_view payload) {
  closed_ = true;
  WebsocketEvent event{WebsocketOpcode::close, {}, 0};
  if (payload.empty()) return event;
  const std::uint64_t code = big_endian(payload.substr(0, 2));
  if (payload.size() < 2 || !may_be_sent(code)) {
    refuse(websocket_code::kProtocolError, "the server closes with a malformed code");
    return std::nullopt;
  }
  event.close_code = static_cast<std::uint16_t>(code);
  event.payload = payload.substr(2);
  if (!is_valid_utf8(event.payload)) {
    refuse(websocket_code::kNotUtf8, "the server closes with a reason that is not UTF-8");
    return std::nullopt;
  }
  return event;
}

}  // namespace tocsin
