// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// A request as it arrived.
struct HttpAsked {
  std::string method;
  std::string target;  // path and query, verbatim
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  SteadyTime at{};
  std::uint16_t peer_port = 0;  // the same for all requests of one connection

  // By case-insensitive name, the first one; empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
};

// What the stand-in does about it.
struct HttpReply {
  enum class Way : std::uint8_t {
    answer,
    hang,   // no answer, until the client goes or the stand-in stops
    close,  // the connection ends without an answer
  };
  int status = 200;
  std::string body = "{}";
  std::vector<std::pair<std::string, std::string>> headers{};
  Way way = Way::answer;
  Millis delay{0};  // before it, if nobody goes or stops meanwhile
};

// A real HTTP server on 127.0.0.1 that answers as its judge says. The judge's functions run on the
// server's threads, several at a time. `stop` and `start` make it go away and come back at the same
// port; they and the destructor are for one thread.
class HttpStandIn {
 public:
  struct Judge {
    // Called with the head alone; a reply here is given without the body being read.
    std::function<std::optional<HttpReply>(const HttpAsked&)> head;
    std::function<HttpReply(const HttpAsked&)> whole;  // required
  };

  // Starts. Throws what Poco throws if the port cannot be had.
  explicit HttpStandIn(Judge judge);
  ~HttpStandIn();
  HttpStandIn(const HttpStandIn&) = delete;
  HttpStandIn& operator=(const HttpStandIn&) = delete;

  std::uint16_t port() const noexcept;
  // "http://127.0.0.1:PORT"
  std::string base_url() const;

  void stop();  // refuses connections and cuts those that are open, until…
  void start();

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace tocsin
