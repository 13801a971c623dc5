// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// One loop reads: `next_event` decodes what is there and reads when nothing is; above it,
// `next_answer` deals with what a server may send at any time (its pings, and pongs that nobody
// asked for), and the calls wait for what is theirs. A server that never stops is bounded three
// times: by the deadline, by the size of a message, and by the number of frames and events, since
// thousands of empty ones are cheap to send and not to take.
#include "probe/websocket_session.h"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <utility>

#include "net/errno_text.h"
#include "probe/outcome.h"

namespace tocsin {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{16} * 1024;
constexpr std::size_t kMostFrames = 100'000;
constexpr std::size_t kMostEvents = 10'000;

// From the kernel, for whoever chooses what is masked must not know the mask (section 10.3).
template <std::size_t size>
bool fill_random(std::array<std::uint8_t, size>& into) {
  return getrandom(into.data(), size, 0) == static_cast<ssize_t>(size);
}

bool speaks_tls(std::string_view bytes) noexcept {
  return bytes.size() >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03;
}

// A SETTINGS frame, with which HTTP/2 begins (RFC 9113, section 3.4).
bool speaks_http2(std::string_view bytes) noexcept {
  using namespace std::string_view_literals;
  return bytes.size() >= 9 && bytes.substr(3, 6) == "\4\0\0\0\0\0"sv;
}

}  // namespace

WebsocketSession::WebsocketSession(const Request& request, Resolver& resolver, Phases& phases)
    : request_(request), stream_(resolver, phases), decoder_(request.most_message) {}

StreamStatus WebsocketSession::bad(std::string what) const {
  return {NetError::protocol, with_address(std::move(what), stream_.address())};
}

// --- the handshake
// --------------------------------------------------------------------------------------

asio::awaitable<StreamStatus> WebsocketSession::open(SteadyTime deadline) {
  StreamStatus status = co_await stream_.connect(request_.connect_to, deadline);
  if (status && request_.target.tls) status = co_await stream_.start_tls(request_.tls, deadline);
  if (!status) co_return status;
  const WebsocketTerms terms{websocket_key(), request_.offer.subprotocols, request_.quotable};
  const std::string asked = upgrade_request(request_.target, request_.offer, terms.key);
  status = co_await stream_.write(asked, deadline);
  if (status) status = co_await read_head(deadline);
  if (!status) co_return status;
  std::string refusal = handshake_refusal(*head_, terms);
  if (!refusal.empty()) co_return bad(std::move(refusal));
  decoder_.feed(rest_);  // a server may speak at once
  rest_.clear();
  co_return status;
}

// Interim answers (RFC 9110, section 15.2) other than the one that switches are passed over.
asio::awaitable<StreamStatus> WebsocketSession::read_head(SteadyTime deadline) {
  std::size_t read = 0;
  while (true) {
    while (const auto size = http_head_size(rest_)) {
      head_ = parse_http_head(std::string_view(rest_).substr(0, *size));
      if (!head_) co_return bad(not_http(rest_));
      rest_.erase(0, *size);
      if (head_->status == 101 || head_->status >= 200) co_return StreamStatus{};
    }
    if (read >= kMostHttpHead) co_return bad("the answer's headers are beyond every reason");
    const std::size_t had = rest_.size();
    StreamStatus status = co_await stream_.read(rest_, kMostHttpHead - read, deadline);
    read += rest_.size() - had;
    if (!status && !rest_.empty())
      co_return StreamStatus{status.error, status.text + ": " + not_http(rest_)};
    if (!status) {
      status.text += ": no answer to the handshake";
      co_return status;
    }
  }
}

std::string WebsocketSession::not_http(std::string_view bytes) const {
  if (speaks_tls(bytes)) return "what answers speaks TLS (wss:// in place of ws://?)";
  if (speaks_http2(bytes)) return "what answers speaks HTTP/2 only";
  if (bytes.starts_with("HTTP/")) return "the answer's headers are cut or malformed";
  std::string out = "what answers is not HTTP";
  return request_.quotable ? out + ": " + quote(bytes) : out;
}

// --- sending
// --------------------------------------------------------------------------------------------

asio::awaitable<StreamStatus> WebsocketSession::write(WebsocketOpcode kind,
                                                      std::string_view payload,
                                                      SteadyTime deadline) {
  WebsocketFrame frame;
  frame.opcode = kind;
  if (!fill_random(frame.mask.emplace())) {
    co_return StreamStatus{NetError::out_of_resources, "the kernel gives no random bytes"};
  }
  const std::string bytes = encode_frame(frame, payload);
  co_return co_await stream_.write(bytes, deadline);
}

asio::awaitable<StreamStatus> WebsocketSession::send(WebsocketOpcode kind, std::string_view payload,
                                                     SteadyTime deadline) {
  return write(kind, payload, deadline);
}

// --- receiving
// ------------------------------------------------------------------------------------------

// Tells the server what it did wrong, if it still listens (section 7.1.7).
asio::awaitable<StreamStatus> WebsocketSession::offend(SteadyTime deadline) {
  const WebsocketDecoder::Offence offence = *decoder_.offence();
  const std::string payload = close_payload(offence.code, {});
  co_await write(WebsocketOpcode::close, payload, deadline);
  co_return bad(offence.text);
}

asio::awaitable<StreamStatus> WebsocketSession::next_event(WebsocketEvent& into,
                                                           SteadyTime deadline) {
  while (true) {
    if (auto event = decoder_.next()) {
      into = std::move(*event);
      const bool flood = ++events_ > kMostEvents;
      co_return flood ? bad("the server floods us with messages") : StreamStatus{};
    }
    if (decoder_.offence()) co_return co_await offend(deadline);
    if (decoder_.frames() > kMostFrames) co_return bad("the server floods us with fragments");
    rest_.clear();
    const StreamStatus status = co_await stream_.read(rest_, kReadAtOnce, deadline);
    if (!status) co_return status;
    decoder_.feed(rest_);
  }
}

// The next message, close or pong.
asio::awaitable<StreamStatus> WebsocketSession::next_answer(WebsocketEvent& into,
                                                            SteadyTime deadline) {
  while (true) {
    StreamStatus status = co_await next_event(into, deadline);
    if (!status || into.opcode != WebsocketOpcode::ping) co_return status;
    status = co_await write(WebsocketOpcode::pong, into.payload, deadline);
    if (!status) co_return status;
  }
}

StreamStatus WebsocketSession::closed_by(const WebsocketEvent& event) const {
  std::string text = "the server closed the session";
  if (event.close_code != 0) text += ": " + show_close_code(event.close_code);
  if (!event.payload.empty() && request_.quotable) text += ", " + quote(event.payload);
  return {NetError::closed, with_address(std::move(text), stream_.address())};
}

asio::awaitable<StreamStatus> WebsocketSession::receive(WebsocketEvent& into, SteadyTime deadline) {
  while (true) {
    const StreamStatus status = co_await next_answer(into, deadline);
    if (!status) co_return status;
    if (into.opcode == WebsocketOpcode::close) {
      const StreamStatus closed = closed_by(into);
      into = {};
      co_return closed;
    }
    if (into.opcode != WebsocketOpcode::pong) co_return status;
  }
}

// Section 5.5.3: a pong repeats its ping; others may come unasked.
asio::awaitable<StreamStatus> WebsocketSession::ping(Micros& round_trip, SteadyTime deadline) {
  std::array<std::uint8_t, 8> mark{};
  if (!fill_random(mark)) {
    co_return StreamStatus{NetError::out_of_resources, "the kernel gives no random bytes"};
  }
  const std::string payload(mark.begin(), mark.end());
  const SteadyTime begun = std::chrono::steady_clock::now();
  StreamStatus status = co_await write(WebsocketOpcode::ping, payload, deadline);
  WebsocketEvent event;
  while (status) {
    status = co_await next_answer(event, deadline);
    if (status && event.opcode == WebsocketOpcode::close) status = closed_by(event);
    if (status && event.opcode == WebsocketOpcode::pong && event.payload == payload) break;
  }
  round_trip = micros_between(begun, std::chrono::steady_clock::now());
  co_return status;
}

asio::awaitable<StreamStatus> WebsocketSession::close(SteadyTime deadline) {
  const std::string payload = close_payload(websocket_code::kNormal, {});
  StreamStatus status = co_await write(WebsocketOpcode::close, payload, deadline);
  WebsocketEvent event;
  while (status) {
    status = co_await next_event(event, deadline);
    if (status && event.opcode == WebsocketOpcode::close) break;
  }
  co_return status;
}

}  // namespace tocsin
