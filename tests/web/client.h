// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tocsin/time.h"

namespace tocsin {

// An HTTP client as rude as a test wants it: a bare socket. Every wait is bounded; what does not
// come in time is nothing. One thread.
class Client {
 public:
  // "http://127.0.0.1:PORT", "http://[::1]:PORT" or "unix:/path". With `window`, a receive buffer
  // so small, set before connecting. Throws std::runtime_error if it cannot connect.
  explicit Client(const std::string& address, int window = 0);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool send(std::string_view bytes);
  // True once something can be read (or the other side has closed).
  bool wait_readable(Millis most);
  // All up to the other side's end, which has to come; nothing if it does not, or is a reset.
  std::optional<std::string> read_all(Millis most = Millis{20'000});
  // The next bytes, empty at the end.
  std::string read_some();
  void finish_sending();

 private:
  int socket_ = -1;
};

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // Empty if it is not there.
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

// Takes an answer apart; status 0 if it is none.
Reply parse_reply(const std::string& bytes);

// "GET target HTTP/1.1" with a Host that fits the address, and `more` header lines (each with
// CRLF).
std::string get_request(const std::string& address, std::string_view target,
                        std::string_view more = {});

// One request, one answer.
Reply fetch(const std::string& address, std::string_view target, std::string_view more = {});

}  // namespace tocsin
