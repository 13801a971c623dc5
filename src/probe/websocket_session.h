// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "net/websocket_frame.h"
#include "net/websocket_handshake.h"

namespace tocsin {

// A client's side of one WebSocket (RFC 6455): open, then any of send, receive and ping, then
// close. Pings of the server are answered while one of these waits. Each call ends by the deadline
// and does not throw; what it could not do is in its status, with the address. After a call that
// failed the session is of no further use. One loop's thread only; one call at a time.
class WebsocketSession {
 public:
  struct Request {
    WebsocketTarget target;
    StreamTarget connect_to;  // the target's own host and port, mostly
    TlsSettings tls;
    WebsocketOffer offer;
    std::size_t most_message = std::size_t{64} * 1024;
    // Whether what the server says may be quoted: not if it was sent secrets, which it could
    // repeat.
    bool quotable = true;
  };

  // All must outlive the session.
  WebsocketSession(const Request& request, Resolver& resolver, Phases& phases);

  // Connects and agrees on a WebSocket. `protocol` for an answer that does not agree.
  asio::awaitable<StreamStatus> open(SteadyTime deadline);
  // One message, as one frame. Nothing is sent of an empty one but the frame.
  asio::awaitable<StreamStatus> send(WebsocketOpcode kind, std::string_view payload,
                                     SteadyTime deadline);
  // The next text or binary message. `closed` if the server ends the session instead.
  asio::awaitable<StreamStatus> receive(WebsocketEvent& into, SteadyTime deadline);
  // Until the pong that belongs to it. Messages that come meanwhile are dropped.
  asio::awaitable<StreamStatus> ping(Micros& round_trip, SteadyTime deadline);
  // Says that we are done, and waits for the server to say so too.
  asio::awaitable<StreamStatus> close(SteadyTime deadline);

  // The answer to the handshake; none before.
  const std::optional<HttpHead>& head() const noexcept { return head_; }
  const Stream& stream() const noexcept { return stream_; }

 private:
  asio::awaitable<StreamStatus> read_head(SteadyTime deadline);
  asio::awaitable<StreamStatus> next_event(WebsocketEvent& into, SteadyTime deadline);
  asio::awaitable<StreamStatus> next_answer(WebsocketEvent& into, SteadyTime deadline);
  asio::awaitable<StreamStatus> offend(SteadyTime deadline);
  asio::awaitable<StreamStatus> write(WebsocketOpcode kind, std::string_view payload,
                                      SteadyTime deadline);
  StreamStatus bad(std::string what) const;
  StreamStatus closed_by(const WebsocketEvent& event) const;
  std::string not_http(std::string_view bytes) const;

  const Request& request_;
  Stream stream_;
  WebsocketDecoder decoder_;
  std::optional<HttpHead> head_;
  std::string rest_;  // what came and was not looked at
  std::size_t events_ = 0;
};

}  // namespace tocsin
